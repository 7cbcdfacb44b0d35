// SPDX-License-Identifier: Apache-2.0
/*
 * Whose rights a call has.
 *
 * A server that is not root acts as itself. Root acts, for each call, as the Unix user who has the
 * SMB user's name: the worker thread takes on the user's file system ids and groups, and its
 * effective capabilities go, so that permissions, ownership of new files, quotas and reserved
 * blocks are judged by the kernel as for the user's own programs.
 *
 * Why file system ids (setfsuid) and not the effective ones of the thread (setresuid): they change
 * only what files see, so that the user's own processes may neither signal nor trace this thread
 * meanwhile, no process limit of the user makes the change fail, and laying them down needs no
 * saved id. The system calls are made by number, since the C library's wrappers would change all
 * threads of the process. Capabilities are dropped apart: setfsuid keeps CAP_SYS_RESOURCE, by which
 * quotas would not count.
 *
 * Users are looked up once a minute at most.
 */
#include "dir.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define USERS_MAX    1024u
#define GROUPS_MAX   1024
#define KEEP_SECONDS 60

struct dir_user {
    struct dir_user *next;
    _Atomic unsigned refs;
    time_t made;
    uid_t uid;
    gid_t gid;
    int group_count;
    gid_t *groups;
    char name[];
};

struct capabilities {
    struct __user_cap_header_struct head;
    struct __user_cap_data_struct data[2];
};

/* What the process had when the first share was opened; workers come back to it. */
static struct {
    pthread_once_t once;
    uid_t uid;
    gid_t gid;
    int group_count;
    gid_t groups[GROUPS_MAX];
    struct capabilities caps;
} own = {.once = PTHREAD_ONCE_INIT};

static void learn_own(void)
{
    own.uid = geteuid();
    own.gid = getegid();
    own.group_count = getgroups(GROUPS_MAX, own.groups);
    if (own.group_count < 0)
        own.group_count = 0;
    own.caps.head.version = _LINUX_CAPABILITY_VERSION_3;
    syscall(SYS_capget, &own.caps.head, own.caps.data);
}

static time_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* --- looking up --- */

#define LOOKUP_BUFFER 16384

/* False: the system knows no such user. */
static bool look_up(const char *name, uid_t *uid, gid_t *gid)
{
    struct passwd pw, *found = NULL;
    char *buffer = smbkit_alloc(LOOKUP_BUFFER);
    if (buffer == NULL)
        return false;
    int err = name[0] != '\0' ? getpwnam_r(name, &pw, buffer, LOOKUP_BUFFER, &found) : ENOENT;
    if (err == 0 && found != NULL) {
        *uid = found->pw_uid;
        *gid = found->pw_gid;
    }
    smbkit_free(buffer);
    return err == 0 && found != NULL;
}

static void add_groups(struct dir_user *user, const char *name)
{
    int n = GROUPS_MAX;
    gid_t *all = smbkit_alloc(GROUPS_MAX * sizeof(*all));
    if (all != NULL && getgrouplist(name, user->gid, all, &n) >= 0)
        user->groups = smbkit_realloc(all, (size_t)n * sizeof(*all));
    if (user->groups != NULL)
        user->group_count = n;
    else
        smbkit_free(all);
}

static struct dir_user *make(const struct dir_users *u, const char *name)
{
    const char *unix_name = name;
    uid_t uid;
    gid_t gid;
    if (u->same || !look_up(unix_name, &uid, &gid)) {
        unix_name = u->fallback;
        if (!look_up(unix_name, &uid, &gid))
            return NULL;
    }
    size_t len = strlen(name);
    struct dir_user *user = smbkit_alloc(sizeof(*user) + len + 1);
    if (user == NULL)
        return NULL;
    memcpy(user->name, name, len);
    user->refs = 1;
    user->made = seconds();
    user->uid = uid;
    user->gid = gid;
    add_groups(user, unix_name);
    return user;
}

struct dir_user *dir_user_ref(struct dir_user *user)
{
    if (user != NULL)
        user->refs++;
    return user;
}

void dir_user_put(struct dir_user *user)
{
    if (user == NULL || --user->refs > 0)
        return;
    smbkit_free(user->groups);
    smbkit_free(user);
}

uid_t dir_user_uid(const struct dir_user *user)
{
    return user != NULL ? user->uid : own.uid;
}

/* Drops those that are too old, and the oldest when there are too many. */
static void forget_old(struct dir_users *u)
{
    time_t now = seconds();
    for (struct dir_user **p = &u->list; *p != NULL;) {
        struct dir_user *user = *p;
        if (now - user->made < KEEP_SECONDS && (u->count < USERS_MAX || user->next != NULL)) {
            p = &user->next;
            continue;
        }
        *p = user->next;
        u->count--;
        dir_user_put(user);
    }
}

smbkit_status dir_user_get(struct dir_users *u, const char *name, struct dir_user **user)
{
    *user = NULL;
    if (!u->per_user)
        return SMBKIT_STATUS_SUCCESS;
    pthread_mutex_lock(&u->lock);
    forget_old(u);
    struct dir_user *found = u->list;
    while (found != NULL && strcmp(found->name, name) != 0)
        found = found->next;
    if (found == NULL && (found = make(u, name)) != NULL) {
        found->next = u->list;
        u->list = found;
        u->count++;
    }
    *user = dir_user_ref(found);
    pthread_mutex_unlock(&u->lock);
    return found != NULL ? SMBKIT_STATUS_SUCCESS : SMBKIT_STATUS_ACCESS_DENIED;
}

/* --- taking on --- */

static void restore(void)
{
    syscall(SYS_capset, &own.caps.head, own.caps.data);
    setfsuid(own.uid);
    setfsgid(own.gid);
    syscall(SYS_setgroups, own.group_count, own.groups);
    syscall(SYS_capset, &own.caps.head, own.caps.data);
}

bool dir_user_enter(const struct dir_user *user)
{
    if (user == NULL)
        return true;
    struct capabilities none = own.caps;
    none.data[0].effective = none.data[1].effective = 0;
    bool ok = syscall(SYS_setgroups, user->group_count, user->groups) == 0;
    setfsgid(user->gid);
    setfsuid(user->uid);
    /* These say what is set, not whether it worked. */
    ok = ok && (gid_t)setfsgid((gid_t)-1) == user->gid && (uid_t)setfsuid((uid_t)-1) == user->uid;
    /* Somebody who is root keeps what root has. */
    if (ok && user->uid != 0)
        ok = syscall(SYS_capset, &none.head, none.data) == 0;
    if (!ok)
        restore();
    return ok;
}

void dir_user_leave(const struct dir_user *user)
{
    if (user == NULL)
        return;
    int err = errno;
    restore();
    errno = err;
}

/* --- the share's choice --- */

bool dir_users_init(struct dir_users *u, const char *as, struct smbkit_share *share)
{
    uid_t uid;
    gid_t gid;
    pthread_once(&own.once, learn_own);
    bool root = own.uid == 0;
    if (strcmp(as, "server") == 0 || (strcmp(as, "user") == 0 && !root))
        return true;
    u->per_user = true;
    u->same = strcmp(as, "user") != 0;
    const char *fallback = u->same ? as : "nobody";
    if (!root) {
        smbkit_error(share, "as=%s: only root can act as others", as);
        return false;
    }
    if (u->same && !look_up(as, &uid, &gid)) {
        smbkit_error(share, "as=%s: there is no such user", as);
        return false;
    }
    size_t len = strlen(fallback);
    u->fallback = smbkit_alloc(len + 1);
    if (u->fallback == NULL)
        return false;
    memcpy(u->fallback, fallback, len);
    pthread_mutex_init(&u->lock, NULL);
    return true;
}

void dir_users_free(struct dir_users *u)
{
    if (!u->per_user)
        return;
    while (u->list != NULL) {
        struct dir_user *user = u->list;
        u->list = user->next;
        dir_user_put(user);
    }
    if (u->fallback != NULL)
        pthread_mutex_destroy(&u->lock);
    smbkit_free(u->fallback);
}
