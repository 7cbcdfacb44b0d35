// SPDX-License-Identifier: Apache-2.0
/*
 * Parsing of options by their rows. A value is parsed into a struct option_value first, so that
 * checking a value and storing it are the same code; storing knows the field's offset.
 */
#include "server/options.h"
#include "base/checked.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct smbkit_option table[] = {
#define OPTION(field, name, type, values, min, max, def, text) \
    {name, SMBKIT_OPTION_##type, values, min, max, def, text},
#include "server/options.def"
#undef OPTION
};

static const size_t offsets[] = {
#define OPTION(field, ...) offsetof(struct server_options, field),
#include "server/options.def"
#undef OPTION
};

struct option_value {
    bool on;
    uint64_t number; /* UINT, SIZE, DURATION, and the index of a CHOICE */
    struct option_list list;
};

const struct smbkit_option *smbkit_option_row(size_t index)
{
    return index < ARRAY_LEN(table) ? &table[index] : NULL;
}

smbkit_status server_error(char error[SMBKIT_ERROR_MAX], smbkit_status status, const char *format,
                           ...)
{
    va_list ap;
    if (error == NULL)
        return status;
    va_start(ap, format);
    vsnprintf(error, SMBKIT_ERROR_MAX, format, ap);
    va_end(ap);
    return status;
}

/* --- one value of each type --- */

bool option_parse_bool(const char *text, bool *value)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true", "0", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    }
    return false;
}

/* The digits at *text; false when there are none or too many. */
static bool parse_number(const char **text, uint64_t *value)
{
    const char *p = *text;
    uint64_t v = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (p == *text)
        return false;
    *text = p;
    *value = v;
    return true;
}

/* Which of "a|b|c" is the word of this length, without regard to case? */
static bool find_choice(const char *values, const char *word, size_t len, uint64_t *index)
{
    *index = 0;
    for (;;) {
        size_t n = strcspn(values, "|");
        if (n == len && len > 0 && smbkit_name_compare(values, n, word, len) == 0)
            return true;
        if (values[n] == '\0')
            return false;
        values += n + 1;
        ++*index;
    }
}

static bool list_has(const struct option_list *list, uint64_t index)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->index[i] == index)
            return true;
    return false;
}

static bool parse_list(const char *values, const char *text, struct option_list *list)
{
    for (;;) {
        size_t n = strcspn(text, ",");
        uint64_t index;
        if (!find_choice(values, text, n, &index) || list_has(list, index))
            return false;
        ASSERT(list->count < OPTION_LIST_MAX);
        list->index[list->count++] = (uint8_t)index;
        if (text[n] == '\0')
            return true;
        text += n + 1;
    }
}

static bool parse_value(const struct smbkit_option *row, const char *text, struct option_value *v)
{
    *v = (struct option_value){0};
    switch (row->type) {
    case SMBKIT_OPTION_BOOL: return option_parse_bool(text, &v->on);
    case SMBKIT_OPTION_CHOICE: return find_choice(row->values, text, strlen(text), &v->number);
    case SMBKIT_OPTION_LIST: return parse_list(row->values, text, &v->list);
    case SMBKIT_OPTION_TEXT: v->number = strlen(text); break;
    case SMBKIT_OPTION_UINT:
        if (!parse_number(&text, &v->number) || *text != '\0')
            return false;
        break;
    case SMBKIT_OPTION_SIZE:
        if (!smbkit_parse_size(text, &v->number))
            return false;
        break;
    case SMBKIT_OPTION_DURATION:
        if (!smbkit_parse_duration(text, &v->number))
            return false;
        break;
    }
    return v->number >= row->min && v->number <= row->max;
}

/* --- messages --- */

/* "a|b|c" as "a, b, c". */
static void join_values(const char *values, char *dst, size_t cap)
{
    size_t used = 0;
    for (; *values != '\0' && used + 3 < cap; values++) {
        dst[used++] = *values == '|' ? ',' : *values;
        if (*values == '|')
            dst[used++] = ' ';
    }
    dst[used] = '\0';
}

static void describe_duration(uint64_t ms, char *dst, size_t cap)
{
    if (ms % 3600000 == 0 && ms != 0)
        snprintf(dst, cap, "%lluh", (unsigned long long)(ms / 3600000));
    else if (ms % 1000 == 0)
        snprintf(dst, cap, "%llus", (unsigned long long)(ms / 1000));
    else
        snprintf(dst, cap, "%llums", (unsigned long long)ms);
}

static void describe_size(uint64_t bytes, char *dst, size_t cap)
{
    static const char units[] = "KMGTPE";
    int unit = -1;
    while (bytes != 0 && bytes % 1024 == 0 && unit < 5) {
        bytes /= 1024;
        unit++;
    }
    snprintf(dst, cap, "%llu%.*s", (unsigned long long)bytes, unit < 0 ? 0 : 1,
             unit < 0 ? "" : units + unit);
}

/* What the option takes, in words. */
static void describe(const struct smbkit_option *row, char *dst, size_t cap)
{
    char a[256], b[32];
    switch (row->type) {
    case SMBKIT_OPTION_BOOL: snprintf(dst, cap, "on or off"); break;
    case SMBKIT_OPTION_CHOICE:
        join_values(row->values, a, sizeof(a));
        snprintf(dst, cap, "one of %s", a);
        break;
    case SMBKIT_OPTION_LIST:
        join_values(row->values, a, sizeof(a));
        snprintf(dst, cap, "one or more of %s, separated by ',', each once", a);
        break;
    case SMBKIT_OPTION_UINT:
        snprintf(dst, cap, "a whole number from %llu to %llu", (unsigned long long)row->min,
                 (unsigned long long)row->max);
        break;
    case SMBKIT_OPTION_SIZE:
        describe_size(row->min, a, sizeof(a));
        describe_size(row->max, b, sizeof(b));
        snprintf(dst, cap, "a size from %s to %s", a, b);
        break;
    case SMBKIT_OPTION_DURATION:
        describe_duration(row->min, a, sizeof(a));
        describe_duration(row->max, b, sizeof(b));
        snprintf(dst, cap, "a time from %s to %s, such as 500ms, 30s, 5m or 2h", a, b);
        break;
    case SMBKIT_OPTION_TEXT:
        snprintf(dst, cap, "text of %llu to %llu bytes", (unsigned long long)row->min,
                 (unsigned long long)row->max);
        break;
    }
}

/* --- by name --- */

static const struct smbkit_option *find_row(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* The row of `name`, with `text` parsed by it; NULL and a message otherwise. */
static const struct smbkit_option *check(const char *name, const char *text, struct option_value *v,
                                         char error[SMBKIT_ERROR_MAX])
{
    char valid[384];
    const struct smbkit_option *row = find_row(name);
    if (row == NULL) {
        server_error(error, 0, "%.60s: there is no such option", name);
        return NULL;
    }
    if (text != NULL && parse_value(row, text, v))
        return row;
    describe(row, valid, sizeof(valid));
    server_error(error, 0, "%s=%.80s: must be %s", name, text != NULL ? text : "", valid);
    return NULL;
}

smbkit_status smbkit_option_check(const char *name, const char *value, char error[SMBKIT_ERROR_MAX])
{
    struct option_value v;
    return check(name, value, &v, error) != NULL ? SMBKIT_STATUS_SUCCESS
                                                 : SMBKIT_STATUS_INVALID_PARAMETER;
}

static smbkit_status store(struct server_options *o, const struct smbkit_option *row,
                           const struct option_value *v, const char *text)
{
    void *field = (char *)o + offsets[row - table];
    switch (row->type) {
    case SMBKIT_OPTION_BOOL: *(option_BOOL *)field = v->on; break;
    case SMBKIT_OPTION_CHOICE: *(option_CHOICE *)field = (unsigned)v->number; break;
    case SMBKIT_OPTION_LIST: *(option_LIST *)field = v->list; break;
    case SMBKIT_OPTION_UINT:
    case SMBKIT_OPTION_SIZE:
    case SMBKIT_OPTION_DURATION: *(uint64_t *)field = v->number; break;
    case SMBKIT_OPTION_TEXT: {
        char *copy = mem_strdup(text);
        if (copy == NULL)
            return SMBKIT_STATUS_NO_MEMORY;
        mem_free(*(option_TEXT *)field);
        *(option_TEXT *)field = copy;
        break;
    }
    }
    return SMBKIT_STATUS_SUCCESS;
}

static smbkit_status set(struct server_options *o, const char *name, const char *text,
                         char error[SMBKIT_ERROR_MAX])
{
    struct option_value v;
    const struct smbkit_option *row = check(name, text, &v, error);
    if (row == NULL)
        return SMBKIT_STATUS_INVALID_PARAMETER;
    smbkit_status status = store(o, row, &v, text);
    return status == SMBKIT_STATUS_SUCCESS ? status : server_error(error, status, "out of memory");
}

smbkit_status server_options_parse(struct server_options *o, const struct smbkit_arg *args,
                                   size_t count, char error[SMBKIT_ERROR_MAX])
{
    smbkit_status status = SMBKIT_STATUS_SUCCESS;
    memset(o, 0, sizeof(*o));
    for (size_t i = 0; i < ARRAY_LEN(table) && status == SMBKIT_STATUS_SUCCESS; i++)
        status = set(o, table[i].name, table[i].default_value, error);
    for (size_t i = 0; i < count && status == SMBKIT_STATUS_SUCCESS; i++)
        status = set(o, args[i].key, args[i].value, error);
    if (status == SMBKIT_STATUS_SUCCESS && o->min_dialect > o->max_dialect)
        status = server_error(error, SMBKIT_STATUS_INVALID_PARAMETER,
                              "min-dialect: must not be newer than max-dialect");
    if (status != SMBKIT_STATUS_SUCCESS)
        server_options_free(o);
    return status;
}

void server_options_free(struct server_options *o)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (table[i].type != SMBKIT_OPTION_TEXT)
            continue;
        option_TEXT *field = (option_TEXT *)((char *)o + offsets[i]);
        mem_free(*field);
        *field = NULL;
    }
}

/* The words of a LIST, best first. */
static void list_text(const char *values, const struct option_list *list, char *dst, size_t cap)
{
    size_t used = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *word = values;
        for (unsigned skip = list->index[i]; skip > 0; skip--)
            word += strcspn(word, "|") + 1;
        int n = snprintf(dst + used, cap - used, "%s%.*s", i > 0 ? "," : "",
                         (int)strcspn(word, "|"), word);
        used = MIN(used + (size_t)MAX(n, 0), cap - 1);
    }
}

static void option_text(const struct server_options *o, size_t i, char *dst, size_t cap)
{
    const struct smbkit_option *row = &table[i];
    const void *field = (const char *)o + offsets[i];
    struct option_list one = {.count = 1};
    dst[0] = '\0';
    switch (row->type) {
    case SMBKIT_OPTION_BOOL:
        snprintf(dst, cap, "%s", *(const option_BOOL *)field ? "on" : "off");
        break;
    case SMBKIT_OPTION_UINT:
        snprintf(dst, cap, "%llu", (unsigned long long)*(const option_UINT *)field);
        break;
    case SMBKIT_OPTION_SIZE: describe_size(*(const option_SIZE *)field, dst, cap); break;
    case SMBKIT_OPTION_DURATION:
        describe_duration(*(const option_DURATION *)field, dst, cap);
        break;
    case SMBKIT_OPTION_CHOICE:
        one.index[0] = (uint8_t) * (const option_CHOICE *)field;
        list_text(row->values, &one, dst, cap);
        break;
    case SMBKIT_OPTION_LIST: list_text(row->values, field, dst, cap); break;
    case SMBKIT_OPTION_TEXT: snprintf(dst, cap, "%s", *(const option_TEXT *)field); break;
    }
}

void server_options_each(const struct server_options *o,
                         bool (*fn)(void *ctx, const char *name, const char *value), void *ctx)
{
    char value[SERVER_OPTION_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        option_text(o, i, value, sizeof(value));
        if (!fn(ctx, table[i].name, value))
            return;
    }
}
