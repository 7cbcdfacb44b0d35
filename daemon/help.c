// SPDX-License-Identifier: Apache-2.0
/* --help: the program's options by hand, those of the server and of plugins from their tables. */
#include "daemon.h"
#include <stdio.h>
#include <string.h>

#define COLUMN 40 /* where the texts begin */

static void print_row(const char *left, const char *text, const char *default_value)
{
    printf("  %-*s", COLUMN - 3, left);
    if (strlen(left) > COLUMN - 3)
        printf("\n%*s", COLUMN - 1, "");
    printf(" %s", text);
    if (default_value != NULL && default_value[0] != '\0')
        printf(" (%s)", default_value);
    putchar('\n');
}

static void print_option(const struct smbkit_option *o)
{
    static const char *const types[] = {
        [SMBKIT_OPTION_BOOL] = "",         [SMBKIT_OPTION_UINT] = " N",
        [SMBKIT_OPTION_SIZE] = " SIZE",    [SMBKIT_OPTION_DURATION] = " TIME",
        [SMBKIT_OPTION_CHOICE] = " VALUE", [SMBKIT_OPTION_LIST] = " LIST",
        [SMBKIT_OPTION_TEXT] = " TEXT",
    };
    char left[128];
    const char *value = types[o->type];
    bool choice = o->type == SMBKIT_OPTION_CHOICE;
    bool lone = strcmp(o->name, "signing") == 0;
    bool on = o->type == SMBKIT_OPTION_BOOL && strcmp(o->default_value, "on") == 0;
    snprintf(left, sizeof(left), "--%s%s%s%s%s", o->name,
             lone     ? " ["
             : choice ? " "
                      : "",
             choice ? o->values : value, lone ? "]" : "", on ? "=on|off" : "");
    print_row(left, o->text, o->type != SMBKIT_OPTION_BOOL || on ? o->default_value : NULL);
}

void help_print(void)
{
    const struct smbkit_option *o;
    puts("smbkit: serves data as SMB2/3 file shares\n"
         "\n"
         "  smbkit [OPTION...] [--name SHARE] PLUGIN [key=value...]\n"
         "  smbkit [OPTION...] --share NAME=PLUGIN[,key=value...] ...\n"
         "  smbkit user add|remove NAME [--users FILE]\n"
         "  smbkit user list [--users FILE]\n"
         "  smbkit user import SMBPASSWD-FILE [--users FILE]\n"
         "  smbkit plugins\n"
         "  smbkit --dump-plugin PLUGIN|FILTER\n"
         "  smbkit --help PLUGIN|FILTER\n"
         "\n"
         "Shares, users, network");
    print_row("--share NAME=PLUGIN[,key=value...]", "a share; repeatable; ',,' is a comma", NULL);
    print_row("--snapshot SHARE=@GMT-2026.01.31-23.59.59=PLUGIN[,key=value...]",
              "an earlier state of a share, for Previous Versions; repeatable", NULL);
    print_row("--filter [SHARE=]FILTER[,key=value...]",
              "before the plugin of every share, or of one; repeatable, the first is outermost",
              NULL);
    print_row("--name NAME", "name of the share of PLUGIN", "the plugin's");
    print_row("--user NAME[%PASSWORD]", "who may log on; repeatable", "everyone in the users file");
    print_row("--users FILE", "users and password hashes",
              "/etc/smbkit/users, or ~/.config/smbkit/users");
    print_row("--listen ADDRESS:PORT", "repeatable; [IPV6]:PORT, :PORT for all", ":445 or :4445");
    print_row("--discovery MODE", "shown in network lists: auto|on|off|mdns|wsd", "auto");
    print_row("--run COMMAND", "serve, run it with $port $unc $uri $user $password,", NULL);
    print_row("", "end with its status", NULL);
    print_row("--help, --version", "", NULL);
    puts("\nSettings of the server");
    for (size_t i = 0; (o = smbkit_option_row(i)) != NULL; i++)
        print_option(o);
    puts("\nSettings of every share, given as key=value like a plugin's parameters");
    print_row("comment=TEXT", "shown to users who list the shares", NULL);
    print_row("compress=on|off", "clients are asked to compress what they read and write", "off");
    print_row("dfs=PATH=//SERVER/SHARE", "a DFS link: this folder is on another server; repeatable",
              NULL);
    print_row("encrypt=on|off", "every access must be encrypted", "off");
    print_row("guest=on|off", "guests may come in, when --guest lets them log on", "on");
    print_row("hidden=on|off", "not listed", "off");
    print_row("hide-files=NAME[+NAME...]", "shown hidden, as *.bak", "none");
    print_row("hide-unreachable=on|off", "not listed to users who may not connect", "off");
    print_row("hide-unreadable=on|off", "listings show only what the user may read", "off");
    print_row("keep-acl-flags=on|off", "descriptors stay \"inherited\" as they are set", "off");
    print_row("readonly=on|off", "nothing can be changed", "off");
    print_row("timemachine=on|off", "offered to macOS as a place for Time Machine", "off");
    print_row("users=NAME[+NAME...]", "the only ones who may connect", "everyone");
}

/* "64K" for a whole number of units. */
static void put_size(char *dst, size_t cap, unsigned long long n)
{
    static const char units[] = "KMGTPE";
    size_t u = 0;
    while (n != 0 && n % 1024 == 0 && u < sizeof(units) - 1) {
        n /= 1024;
        u++;
    }
    snprintf(dst, cap, "%llu%.*s", n, u > 0, units + (u > 0 ? u - 1 : 0));
}

/* What stands behind the text: range and unit, and the default. */
static void print_limits(const struct smbkit_param *q)
{
    char min[32], max[32];
    if (q->type == SMBKIT_PARAM_SIZE) {
        put_size(min, sizeof(min), q->min);
        put_size(max, sizeof(max), q->max);
    } else {
        const char *ms = q->type == SMBKIT_PARAM_DURATION ? "ms" : "";
        snprintf(min, sizeof(min), "%llu%s", (unsigned long long)q->min, ms);
        snprintf(max, sizeof(max), "%llu%s", (unsigned long long)q->max, ms);
    }
    if (q->max != 0)
        printf("%*sfrom %s to %s%s%s\n", COLUMN, "", min, max, q->unit != NULL ? " " : "",
               q->unit != NULL ? q->unit : "");
}

static void print_params(const struct smbkit_param *params)
{
    static const char *const types[] = {
        [SMBKIT_PARAM_STRING] = "TEXT", [SMBKIT_PARAM_SIZE] = "SIZE",
        [SMBKIT_PARAM_UINT] = "N",      [SMBKIT_PARAM_BOOL] = "on|off",
        [SMBKIT_PARAM_PATH] = "PATH",   [SMBKIT_PARAM_DURATION] = "TIME",
    };
    for (const struct smbkit_param *q = params; q != NULL && q->name != NULL; q++) {
        char left[128];
        bool choice = q->type == SMBKIT_PARAM_CHOICE;
        snprintf(left, sizeof(left), "%s=%s", q->name, choice ? q->values : types[q->type]);
        print_row(left, q->text, q->default_value != NULL ? q->default_value : "must be given");
        print_limits(q);
    }
}

void help_print_plugin(const struct smbkit_plugin *p)
{
    printf("%s: %s\n\n  smbkit %s [key=value...]\n\n", p->name,
           p->summary != NULL ? p->summary : "", p->name);
    print_params(p->params);
}

void help_print_filter(const struct smbkit_filter *f)
{
    printf("%s: %s\n\n  smbkit --filter %s[,key=value...] PLUGIN ...\n\n", f->name,
           f->summary != NULL ? f->summary : "", f->name);
    print_params(f->params);
}
