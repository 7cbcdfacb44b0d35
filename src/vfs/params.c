// SPDX-License-Identifier: Apache-2.0
/*
 * Parameters of a share: `key=value` from the user against the plugin's table. Every complaint is
 * one line that names the plugin, the parameter and what it may be. A plugin's share_open sees each
 * row of its table exactly once, in the table's order, with defaults filled in.
 */
#include "base/checked.h"
#include "base/mem.h"
#include "vfs/vfs_int.h"
#include <stdio.h>
#include <string.h>

static const char size_units[] = "KMGTPE";

/* One digit string; false when there is none or it is too large. Stops at the first other byte. */
static bool parse_digits(const char **p, uint64_t *value)
{
    const char *s = *p;
    uint64_t v = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (s == *p)
        return false;
    *p = s;
    *value = v;
    return true;
}

/* The shift of a unit letter, or 0. */
static unsigned unit_shift(char c)
{
    char upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    const char *u = upper != '\0' ? strchr(size_units, upper) : NULL;
    return u != NULL ? 10u * (unsigned)(u - size_units + 1) : 0;
}

#define FRACTION_DIGITS_MAX 9

/* ".5" and the like: numerator and power of ten. */
static bool parse_fraction(const char **p, uint64_t *num, uint64_t *ten)
{
    const char *start = ++*p;
    if (!parse_digits(p, num) || *p - start > FRACTION_DIGITS_MAX)
        return false;
    *ten = 1;
    for (const char *s = start; s < *p; s++)
        *ten *= 10;
    return true;
}

bool smbkit_parse_size(const char *text, uint64_t *bytes)
{
    const char *p = text;
    uint64_t whole, num = 0, ten = 1;
    if (text == NULL || !parse_digits(&p, &whole))
        return false;
    bool fraction = *p == '.';
    if (fraction && !parse_fraction(&p, &num, &ten))
        return false;
    unsigned shift = unit_shift(*p);
    if (shift != 0)
        p++;
    if (*p != '\0' || (fraction && shift == 0) || whole > UINT64_MAX >> shift)
        return false;
    /* unit * num / ten without overflow: num < ten <= 10^9, so each product stays below 2^64. */
    uint64_t unit = 1ull << shift;
    uint64_t rest = unit / ten * num + unit % ten * num / ten;
    return checked_add_u64(whole << shift, rest, bytes);
}

bool smbkit_parse_duration(const char *text, uint64_t *ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t n;
    if (text == NULL || !parse_digits(&text, &n))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(text, units[i].name) == 0) {
            *ms = n * units[i].ms;
            return n <= UINT64_MAX / units[i].ms;
        }
    }
    return false;
}

static bool parse_uint(const char *text, uint64_t *value)
{
    const char *p = text;
    return parse_digits(&p, value) && *p == '\0';
}

static bool parse_bool(const char *text)
{
    static const char *const words[] = {"on", "off", "yes", "no", "true", "false", "1", "0"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

/* "64K" for a whole number of units, else bytes. */
static const char *format_size(char *dst, size_t cap, uint64_t bytes)
{
    const char *unit = "";
    static const char *const names[] = {"K", "M", "G", "T", "P", "E"};
    for (size_t i = 0; i < ARRAY_LEN(names) && bytes != 0 && bytes % 1024 == 0; i++) {
        bytes /= 1024;
        unit = names[i];
    }
    snprintf(dst, cap, "%llu%s", (unsigned long long)bytes, unit);
    return dst;
}

/* Says in words what a parameter takes. */
static const char *describe(const struct smbkit_param *p, char *dst, size_t cap)
{
    char min[32], max[32];
    const char *unit = p->unit != NULL ? p->unit : "";
    const char *space = p->unit != NULL ? " " : "";
    switch (p->type) {
    case SMBKIT_PARAM_SIZE:
        snprintf(dst, cap, "a size from %s to %s%s%s, such as 512, 64K or 1.5G",
                 format_size(min, sizeof(min), p->min), format_size(max, sizeof(max), p->max),
                 space, unit);
        break;
    case SMBKIT_PARAM_UINT:
        snprintf(dst, cap, "a whole number from %llu to %llu%s%s", (unsigned long long)p->min,
                 (unsigned long long)p->max, space, unit);
        break;
    case SMBKIT_PARAM_DURATION:
        snprintf(dst, cap, "a time from %llums to %llus, such as 500ms, 30s, 5m or 2h",
                 (unsigned long long)p->min, (unsigned long long)p->max / 1000);
        break;
    case SMBKIT_PARAM_BOOL: snprintf(dst, cap, "on or off"); break;
    case SMBKIT_PARAM_PATH: snprintf(dst, cap, "a path"); break;
    case SMBKIT_PARAM_STRING: snprintf(dst, cap, "text"); break;
    case SMBKIT_PARAM_CHOICE: snprintf(dst, cap, "one of %s", p->values); break;
    }
    return dst;
}

/* Is it one of "a|b|c"? */
static bool is_choice(const char *values, const char *value)
{
    size_t len = strlen(value);
    while (*values != '\0') {
        size_t n = strcspn(values, "|");
        if (n == len && n > 0 && memcmp(values, value, n) == 0)
            return true;
        values += n + (values[n] == '|');
    }
    return false;
}

static bool value_ok(const struct smbkit_param *p, const char *value)
{
    uint64_t n;
    switch (p->type) {
    case SMBKIT_PARAM_SIZE: return smbkit_parse_size(value, &n) && n >= p->min && n <= p->max;
    case SMBKIT_PARAM_UINT: return parse_uint(value, &n) && n >= p->min && n <= p->max;
    case SMBKIT_PARAM_DURATION:
        return smbkit_parse_duration(value, &n) && n >= p->min && n <= p->max;
    case SMBKIT_PARAM_BOOL: return parse_bool(value);
    case SMBKIT_PARAM_PATH: return value[0] != '\0';
    case SMBKIT_PARAM_STRING: return true;
    case SMBKIT_PARAM_CHOICE: return is_choice(p->values, value);
    }
    return false;
}

/* All names of the table, for "unknown parameter". */
static void list_names(const struct smbkit_param *params, size_t n, char *dst, size_t cap)
{
    size_t used = 0;
    dst[0] = '\0';
    for (size_t i = 0; i < n && used < cap; i++)
        used += (size_t)snprintf(dst + used, cap - used, "%s%s", i > 0 ? ", " : "", params[i].name);
}

static bool known(const char *plugin, const struct smbkit_param *params, size_t n,
                  const struct smbkit_arg *arg, char error[VFS_ERROR_TEXT_MAX])
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(params[i].name, arg->key) == 0)
            return true;
    char names[256] = "none";
    if (n > 0)
        list_names(params, n, names, sizeof(names));
    snprintf(error, VFS_ERROR_TEXT_MAX, "%s: unknown parameter '%.80s'; it takes: %s", plugin,
             arg->key, names);
    return false;
}

/* The value for one row: given once, or the default. NULL and a line in `error` otherwise. */
static const char *pick(const char *plugin, const struct smbkit_param *p,
                        const struct smbkit_arg *args, size_t count, char error[VFS_ERROR_TEXT_MAX])
{
    char valid[128];
    const char *value = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(args[i].key, p->name) != 0)
            continue;
        if (value != NULL) {
            snprintf(error, VFS_ERROR_TEXT_MAX, "%s: parameter '%s' is given twice", plugin,
                     p->name);
            return NULL;
        }
        value = args[i].value;
    }
    if (value == NULL)
        value = p->default_value;
    if (value == NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: parameter '%s' must be given: %s (%s)", plugin,
                 p->name, describe(p, valid, sizeof(valid)), p->text);
        return NULL;
    }
    if (!value_ok(p, value)) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: %s=%.80s is not valid: it must be %s", plugin,
                 p->name, value, describe(p, valid, sizeof(valid)));
        return NULL;
    }
    return value;
}

bool vfs_params_check(const char *plugin, const struct smbkit_param *params,
                      const struct smbkit_arg *args, size_t count, struct smbkit_arg **out,
                      size_t *out_count, char error[VFS_ERROR_TEXT_MAX])
{
    size_t n = 0;
    *out = NULL;
    *out_count = 0;
    while (params != NULL && params[n].name != NULL)
        n++;
    for (size_t i = 0; i < count; i++)
        if (!known(plugin, params, n, &args[i], error))
            return false;
    if (n == 0)
        return true;
    struct smbkit_arg *filled = mem_zarray(n, sizeof(*filled));
    if (filled == NULL) {
        snprintf(error, VFS_ERROR_TEXT_MAX, "%s: out of memory", plugin);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct smbkit_param *p = &params[i];
        filled[i] = (struct smbkit_arg){p->name, pick(plugin, p, args, count, error)};
        if (filled[i].value == NULL) {
            mem_free(filled);
            return false;
        }
    }
    *out = filled;
    *out_count = n;
    return true;
}

/* --- what share_open asks --- */

const char *smbkit_arg_text(const struct smbkit_arg *args, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(args[i].key, key) == 0)
            return args[i].value;
    return "";
}

char *smbkit_arg_copy(const struct smbkit_arg *args, size_t count, const char *key)
{
    return mem_strdup(smbkit_arg_text(args, count, key));
}

uint64_t smbkit_arg_number(const struct smbkit_arg *args, size_t count, const char *key)
{
    uint64_t n = 0; /* a whole number is a size without a unit */
    return smbkit_parse_size(smbkit_arg_text(args, count, key), &n) ? n : 0;
}

uint64_t smbkit_arg_duration(const struct smbkit_arg *args, size_t count, const char *key)
{
    uint64_t ms = 0;
    return smbkit_parse_duration(smbkit_arg_text(args, count, key), &ms) ? ms : 0;
}

bool smbkit_arg_bool(const struct smbkit_arg *args, size_t count, const char *key)
{
    static const char *const words[] = {"on", "yes", "true", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(smbkit_arg_text(args, count, key), words[i]) == 0)
            return true;
    return false;
}
