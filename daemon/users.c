// SPDX-License-Identifier: Apache-2.0
/*
 * Who may log on.
 *
 *   --user given             those named; one without a password must stand in the users file
 *   else, --run, no --users  a user made for this run, with a random password
 *   else                     everyone in the users file; when the default file is not there yet
 * (the first run), a user with a random password is made and kept in it
 *
 * With --guest or --anonymous the default file need not be there, and nobody is made.
 */
#include "daemon.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

/* --- the file --- */

/* /etc/smbkit/users for root, else in the user's configuration folder; NULL when there is none. */
static char *default_path(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (geteuid() == 0)
        return format_text("/etc/smbkit/users");
    if (config != NULL && config[0] == '/')
        return format_text("%s/smbkit/users", config);
    if (home != NULL && home[0] == '/')
        return format_text("%s/.config/smbkit/users", home);
    return NULL;
}

/* Makes the folders above `path`, for us alone. */
static void make_folders(const char *path)
{
    char *copy = copy_text(path, strlen(path));
    for (char *p = strchr(copy + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            break; /* saving says what is wrong */
        *p = '/';
    }
    smbkit_free(copy);
}

/* Waits until nobody else changes the file, and keeps others out until the program ends or the
   descriptor is closed. The lock is a file beside it, because the users file itself is replaced; it
   stays, so that nobody locks one that is just being removed. -1 when it cannot be made: saving
   will then say what is wrong with the folder. */
static int lock_file(const char *path)
{
    char *name = format_text("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    smbkit_free(name);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
        continue;
    return fd;
}

static void unlock_file(int fd)
{
    if (fd >= 0)
        close(fd);
}

static struct smbkit_users *new_list(void)
{
    struct smbkit_users *list = smbkit_users_new();
    if (list == NULL)
        die(EXIT_FAILED, "out of memory");
    return list;
}

/* --- generated passwords --- */

/* Four groups of four letters and digits, 79 bits; without what looks alike. */
static char *random_password(void)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char text[20];
    for (size_t i = 0; i < sizeof(text) - 1;) {
        unsigned char byte;
        if (i % 5 == 4) {
            text[i++] = '-';
            continue;
        }
        if (getrandom(&byte, 1, 0) != 1)
            die(EXIT_FAILED, "the system gives no random numbers");
        if (byte < 256 / (sizeof(letters) - 1) * (sizeof(letters) - 1)) /* all equally likely */
            text[i++] = letters[byte % (sizeof(letters) - 1)];
    }
    return copy_text(text, sizeof(text) - 1);
}

static void make_user(struct logins *l, const char *name)
{
    char error[SMBKIT_ERROR_MAX];
    l->user = copy_text(name, strlen(name));
    l->password = random_password();
    if (smbkit_users_set(l->list, l->user, l->password, error) != SMBKIT_STATUS_SUCCESS)
        die(EXIT_FAILED, "%s", error);
}

static const char *login_name(void)
{
    const struct passwd *pw = getpwuid(geteuid());
    return pw != NULL && geteuid() != 0 ? pw->pw_name : "smbkit";
}

/* --- the three ways --- */

static void use_named(struct logins *l, const struct cmdline *c, const char *path)
{
    char error[SMBKIT_ERROR_MAX];
    struct smbkit_users *file = NULL;
    for (size_t i = 0; i < c->user_count; i++) {
        const struct user_spec *u = &c->users[i];
        smbkit_status status;
        if (u->password != NULL) {
            status = smbkit_users_set(l->list, u->name, u->password, error);
        } else {
            if (file == NULL) {
                file = new_list();
                if (path == NULL)
                    die(EXIT_USAGE, "--user=%s: there is no users file; give --users", u->name);
                if (smbkit_users_load(file, path, error) != SMBKIT_STATUS_SUCCESS)
                    die(EXIT_USAGE, "--user=%s: %s", u->name, error);
            }
            status = smbkit_users_copy(l->list, file, u->name, error);
        }
        if (status != SMBKIT_STATUS_SUCCESS)
            die(EXIT_USAGE, "--user=%s: %s", u->name, error);
    }
    smbkit_users_free(file);
    l->user = copy_text(c->users[0].name, strlen(c->users[0].name));
    if (c->users[0].password != NULL)
        l->password = copy_text(c->users[0].password, strlen(c->users[0].password));
}

static void take_first(void *ctx, const char *name, bool disabled)
{
    struct logins *l = ctx;
    if (l->user == NULL && !disabled)
        l->user = copy_text(name, strlen(name));
}

/* True when the file holds somebody. */
static bool use_file(struct logins *l, const struct cmdline *c, const char *path)
{
    char error[SMBKIT_ERROR_MAX];
    smbkit_status status = SMBKIT_STATUS_NO_SUCH_FILE;
    if (path != NULL)
        status = smbkit_users_load(l->list, path, error);
    if (status == SMBKIT_STATUS_NO_SUCH_FILE && c->users_file == NULL)
        return false;
    if (status != SMBKIT_STATUS_SUCCESS)
        die(c->users_file != NULL ? EXIT_USAGE : EXIT_FAILED, "--users=%s: %s%s", path, error,
            status == SMBKIT_STATUS_NO_SUCH_FILE ? " (smbkit user add NAME --users FILE makes it)"
                                                 : "");
    smbkit_users_each(l->list, take_first, l);
    if (smbkit_users_count(l->list) == 0)
        return false;
    l->notice = format_text("Users: those in %s", path);
    return true;
}

/* Under the lock, because another program may be making the file just now. */
static void first_run(struct logins *l, const struct cmdline *c, const char *path)
{
    char error[SMBKIT_ERROR_MAX] = "there is no home folder";
    int lock = -1;
    if (path != NULL) {
        make_folders(path);
        lock = lock_file(path);
    }
    if (use_file(l, c, path)) {
        unlock_file(lock);
        return;
    }
    make_user(l, login_name());
    if (path != NULL && smbkit_users_save(l->list, path, error) == SMBKIT_STATUS_SUCCESS)
        l->notice = format_text("User: %s   Password: %s   (made for you, shown only this once; "
                                "kept in %s)",
                                l->user, l->password, path);
    else
        l->notice = format_text("User: %s   Password: %s   (only for this run: %s)", l->user,
                                l->password, error);
    unlock_file(lock);
}

static bool is_on(const struct cmdline *c, const char *option)
{
    const char *value = cmdline_option(c, option);
    return value != NULL && strcmp(value, "off") != 0 && strcmp(value, "no") != 0 &&
           strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

void logins_prepare(struct logins *l, const struct cmdline *c)
{
    char *path =
        c->users_file != NULL ? copy_text(c->users_file, strlen(c->users_file)) : default_path();
    *l = (struct logins){.list = new_list()};
    if (c->user_count > 0)
        use_named(l, c, path);
    else if (c->run != NULL && c->users_file == NULL)
        make_user(l, "smbkit");
    else if (!use_file(l, c, path) && !is_on(c, "guest") && !is_on(c, "anonymous"))
        first_run(l, c, path);
    smbkit_free(path);
}

void logins_free(struct logins *l)
{
    smbkit_users_free(l->list);
    smbkit_free(l->user);
    if (l->password != NULL)
        explicit_bzero(l->password, strlen(l->password));
    smbkit_free(l->password);
    smbkit_free(l->notice);
}

/* --- smbkit user ... --- */

/* One line without its end; false at the end of the input. */
static bool read_line(char line[PASSWORD_MAX + 2])
{
    if (fgets(line, PASSWORD_MAX + 2, stdin) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

/* Asks on the terminal without showing what is typed. */
static bool ask(const char *prompt, char line[PASSWORD_MAX + 2])
{
    struct termios shown, hidden;
    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    bool ok = read_line(line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return ok;
}

static int read_password(char line[PASSWORD_MAX + 2])
{
    char again[PASSWORD_MAX + 2] = "";
    bool terminal = isatty(STDIN_FILENO);
    int status = 0;
    if (!(terminal ? ask("Password: ", line) : read_line(line)) || line[0] == '\0')
        return complain(EXIT_FAILED, "user add: there is no password on standard input");
    if (terminal && (!ask("Again: ", again) || strcmp(line, again) != 0))
        status = complain(EXIT_FAILED, "user add: these are not the same");
    explicit_bzero(again, sizeof(again));
    return status;
}

struct user_request {
    const char *path;
    const char *what; /* name or file; NULL */
    struct smbkit_users *list;
    char password[PASSWORD_MAX + 2];
};

static int save(const struct user_request *r)
{
    char error[SMBKIT_ERROR_MAX];
    if (smbkit_users_save(r->list, r->path, error) == SMBKIT_STATUS_SUCCESS)
        return 0;
    return complain(EXIT_FAILED, "%s", error);
}

static int user_add(const struct user_request *r)
{
    char error[SMBKIT_ERROR_MAX];
    if (smbkit_users_set(r->list, r->what, r->password, error) != SMBKIT_STATUS_SUCCESS)
        return complain(EXIT_FAILED, "user add: %s", error);
    return save(r);
}

static int user_remove(const struct user_request *r)
{
    char error[SMBKIT_ERROR_MAX];
    if (smbkit_users_remove(r->list, r->what, error) != SMBKIT_STATUS_SUCCESS)
        return complain(EXIT_FAILED, "user remove: %s in %s", error, r->path);
    return save(r);
}

static void print_user(void *ctx, const char *name, bool disabled)
{
    printf("%s%s\n", name, disabled ? " (disabled)" : "");
}

static int user_list(const struct user_request *r)
{
    smbkit_users_each(r->list, print_user, NULL);
    return 0;
}

static int user_import(const struct user_request *r)
{
    char error[SMBKIT_ERROR_MAX];
    size_t added;
    if (smbkit_users_import(r->list, r->what, &added, error) != SMBKIT_STATUS_SUCCESS)
        return complain(EXIT_FAILED, "user import: %s", error);
    int status = save(r);
    if (status == 0)
        printf("%zu users imported into %s\n", added, r->path);
    return status;
}

static const struct user_command {
    const char *name;
    int (*run)(const struct user_request *r);
    const char *what; /* the argument it needs, or NULL */
    bool asks;        /* for a password */
    bool changes;     /* the users file */
    bool may_make;    /* it */
} user_commands[] = {
    {"add", user_add, "NAME", true, true, true},
    {"remove", user_remove, "NAME", false, true, false},
    {"list", user_list, NULL, false, false, false},
    {"import", user_import, "FILE", false, true, true},
};

/* The file is read, changed and written under the lock; nobody waits for a password with it. */
static int run_locked(const struct user_command *u, struct user_request *r)
{
    char error[SMBKIT_ERROR_MAX];
    int lock = -1;
    if (u->may_make)
        make_folders(r->path);
    if (u->changes)
        lock = lock_file(r->path);
    smbkit_status status = smbkit_users_load(r->list, r->path, error);
    int rc;
    if (status == SMBKIT_STATUS_SUCCESS || (status == SMBKIT_STATUS_NO_SUCH_FILE && u->may_make))
        rc = u->run(r);
    else
        rc = complain(EXIT_FAILED, "user %s: %s", u->name, error);
    unlock_file(lock);
    return rc;
}

static int run_user_command(const struct user_command *u, const char *path, const char *what)
{
    struct user_request r = {.path = path, .what = what, .list = new_list()};
    int rc = u->asks ? read_password(r.password) : 0;
    if (rc == 0)
        rc = run_locked(u, &r);
    explicit_bzero(r.password, sizeof(r.password));
    smbkit_users_free(r.list);
    return rc;
}

/* Takes "--users FILE" and "--users=FILE" out of the words; at most one other word stays. */
static const char *find_words(int argc, char **argv, const char **users)
{
    const char *what = NULL;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--users=", 8) == 0)
            *users = argv[i] + 8;
        else if (strcmp(argv[i], "--users") == 0 && i + 1 < argc)
            *users = argv[++i];
        else if (argv[i][0] == '-' || what != NULL)
            die(EXIT_USAGE,
                "user: '%s': must be add NAME, remove NAME, list or import FILE, and "
                "--users FILE",
                argv[i]);
        else
            what = argv[i];
    }
    return what;
}

int users_command(int argc, char **argv)
{
    const char *users = NULL;
    for (size_t i = 0; argc > 0 && i < COUNT(user_commands); i++) {
        const struct user_command *u = &user_commands[i];
        if (strcmp(argv[0], u->name) != 0)
            continue;
        const char *what = find_words(argc - 1, argv + 1, &users);
        if ((what != NULL) != (u->what != NULL))
            die(EXIT_USAGE, "user %s: must be given %s", u->name,
                u->what != NULL ? u->what : "no further word");
        char *path = users != NULL ? copy_text(users, strlen(users)) : default_path();
        if (path == NULL)
            die(EXIT_USAGE, "user %s: there is no home folder; give --users FILE", u->name);
        int rc = run_user_command(u, path, what);
        smbkit_free(path);
        return rc;
    }
    die(EXIT_USAGE, "user: must be followed by add NAME, remove NAME, list or import FILE");
}
