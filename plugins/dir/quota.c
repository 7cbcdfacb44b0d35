// SPDX-License-Identifier: Apache-2.0
/*
 * Quotas of users, where the disk keeps them: quotactl(2) by the descriptor of the share's folder.
 *
 * The disk knows users by number, clients by SID. The SID of an account is known when that user is
 * here: it is kept, with the number that his files have. Everybody else is S-1-22-1-NUMBER, which
 * is what Samba calls users of Unix, and by that name limits can be set for whom we have not seen.
 *
 * Limits are kept in blocks of 1 KiB: they are rounded up. The threshold is the soft limit; the
 * kernel makes a limit of it when its time is over (a week, unless the administrator says
 * otherwise). Asking for others and setting takes CAP_SYS_ADMIN: the server does it as itself,
 * having asked its core who may. What holds for the whole disk is root's matter, and shown only.
 *
 * Q_GETINFO and the generic calls are answered by xfs as well, and Q_XGETQSTATV, which was made for
 * xfs, by all others.
 */
#include "dir.h"
#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <time.h>

#define QUOTA_BLOCK 1024u
#define KNOWN_MAX   4096u /* users; the oldest are forgotten */
#define UNIX_SID    16u   /* bytes of S-1-22-1-x */

struct dir_known {
    struct dir_known *next;
    uint32_t uid;
    uint8_t sid_len;
    uint8_t sid[DIR_SID_MAX];
};

/* --- the disk --- */

static int get(const struct dir_volume *v, int cmd, uint32_t uid, void *data)
{
    return fs_quota(v->root, QCMD((unsigned)cmd, USRQUOTA), uid, data);
}

/* Are limits enforced, only accounts kept, or neither? The administrator can change it at any time.
   A disk that does not say so has what it has always had where there are quotas: limits. */
static uint32_t control_flags(const struct dir_volume *v)
{
    struct fs_quota_statv state = {.qs_version = FS_QSTATV_VERSION1};
    struct dqinfo info;
    if (get(v, (int)Q_XGETQSTATV, 0, &state) != 0)
        return get(v, Q_GETINFO, 0, &info) == 0 ? SMBKIT_QUOTA_ENFORCE : 0;
    if (state.qs_flags & FS_QUOTA_UDQ_ENFD)
        return SMBKIT_QUOTA_ENFORCE;
    return state.qs_flags & FS_QUOTA_UDQ_ACCT ? SMBKIT_QUOTA_TRACK : 0;
}

static uint64_t limit_bytes(uint64_t blocks)
{
    return blocks == 0 ? SMBKIT_QUOTA_NONE : blocks * QUOTA_BLOCK;
}

/* A limit of nothing at all is what the disk calls none: one block is the least. */
static uint64_t limit_blocks(uint64_t bytes)
{
    if (bytes == SMBKIT_QUOTA_NONE)
        return 0;
    return bytes == 0 ? 1 : bytes / QUOTA_BLOCK + (bytes % QUOTA_BLOCK != 0);
}

/* --- who is who --- */

static void unix_sid(uint32_t uid, uint8_t sid[UNIX_SID])
{
    static const uint8_t head[] = {1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0};
    memcpy(sid, head, sizeof(head));
    for (unsigned i = 0; i < 4; i++)
        sid[sizeof(head) + i] = (uint8_t)(uid >> 8 * i);
}

static struct dir_known *known_by_uid(const struct dir_quotas *q, uint32_t uid)
{
    struct dir_known *k = q->known;
    while (k != NULL && k->uid != uid)
        k = k->next;
    return k;
}

/* False: nobody that we know. */
static bool uid_of(struct dir_quotas *q, const uint8_t *sid, size_t len, uint32_t *uid)
{
    uint8_t plain[UNIX_SID];
    unix_sid(0, plain);
    if (len == UNIX_SID && memcmp(sid, plain, UNIX_SID - 4) == 0) {
        *uid = (uint32_t)sid[12] | (uint32_t)sid[13] << 8 | (uint32_t)sid[14] << 16 |
               (uint32_t)sid[15] << 24;
        return true;
    }
    pthread_mutex_lock(&q->lock);
    const struct dir_known *k = q->known;
    while (k != NULL && (k->sid_len != len || memcmp(k->sid, sid, len) != 0))
        k = k->next;
    if (k != NULL)
        *uid = k->uid;
    pthread_mutex_unlock(&q->lock);
    return k != NULL;
}

static void forget_oldest(struct dir_quotas *q)
{
    struct dir_known **p = &q->known;
    while ((*p)->next != NULL)
        p = &(*p)->next;
    smbkit_free(*p);
    *p = NULL;
    q->count--;
}

/* Two accounts may be one user on the disk (as=NAME): the newest one is shown for both. */
static void remember(struct dir_quotas *q, uint32_t uid, const void *sid, size_t len)
{
    struct dir_known *k = q->known;
    while (k != NULL && (k->sid_len != len || memcmp(k->sid, sid, len) != 0))
        k = k->next;
    if (k != NULL) {
        k->uid = uid; /* the account's user may be another one by now */
        return;
    }
    struct dir_known *made = smbkit_alloc(sizeof(*made));
    if (made == NULL)
        return; /* then he is a number for now */
    if (q->count == KNOWN_MAX)
        forget_oldest(q);
    made->uid = uid;
    made->sid_len = (uint8_t)len;
    memcpy(made->sid, sid, len);
    made->next = q->known;
    q->known = made;
    q->count++;
}

void dir_quota_seen(struct dir_volume *v, const struct smbkit_op *op, const struct dir_user *user)
{
    const void *sid;
    size_t len = v->quotas.on ? smbkit_op_user_sid(op, &sid) : 0;
    if (len == 0 || len > DIR_SID_MAX)
        return;
    pthread_mutex_lock(&v->quotas.lock);
    remember(&v->quotas, dir_user_uid(user), sid, len);
    pthread_mutex_unlock(&v->quotas.lock);
}

/* --- the volume --- */

void dir_quotas_init(struct dir_volume *v)
{
    struct dqinfo info;
    v->quotas.on = get(v, Q_GETINFO, 0, &info) == 0;
}

void dir_quotas_free(struct dir_volume *v)
{
    while (v->quotas.known != NULL)
        forget_oldest(&v->quotas);
    pthread_mutex_destroy(&v->quotas.lock);
}

/* The kernel never limits root. Who is above his soft limit for too long gets nothing more. */
void dir_quota_statfs(const struct dir_volume *v, uint32_t uid, struct smbkit_statfs *st)
{
    struct dqblk q = {0};
    st->device_free_bytes = st->free_bytes;
    if (!v->quotas.on || uid == 0 || get(v, Q_GETQUOTA, uid, &q) != 0 ||
        (q.dqb_bhardlimit == 0 && q.dqb_bsoftlimit == 0) ||
        control_flags(v) != SMBKIT_QUOTA_ENFORCE)
        return;
    uint64_t limit = limit_bytes(q.dqb_bhardlimit);
    uint64_t left = q.dqb_curspace < limit ? limit - q.dqb_curspace : 0;
    if (q.dqb_btime != 0 && (uint64_t)time(NULL) >= q.dqb_btime)
        left = 0;
    if (limit < st->total_bytes)
        st->total_bytes = limit;
    if (left < st->free_bytes)
        st->free_bytes = left;
}

/* --- what clients see and set --- */

/* The cookie behind a user is his number and one, plus one because 0 is the beginning. */
static bool add(struct smbkit_op *op, const void *sid, size_t len, uint32_t uid,
                const struct dqblk *q)
{
    const struct smbkit_quota x = {
        .sid = sid,
        .sid_len = len,
        .used = q->dqb_curspace,
        .threshold = limit_bytes(q->dqb_bsoftlimit),
        .limit = limit_bytes(q->dqb_bhardlimit),
    };
    return smbkit_quota_add(op, &x, (uint64_t)uid + 1);
}

static bool add_known(struct smbkit_op *op, struct dir_quotas *known, uint32_t uid,
                      const struct dqblk *q)
{
    uint8_t sid[DIR_SID_MAX];
    size_t len = UNIX_SID;
    unix_sid(uid, sid);
    pthread_mutex_lock(&known->lock);
    const struct dir_known *k = known_by_uid(known, uid);
    if (k != NULL) {
        len = k->sid_len;
        memcpy(sid, k->sid, len);
    }
    pthread_mutex_unlock(&known->lock);
    return add(op, sid, len, uid, q);
}

/* False: an errno says why. */
static bool list_all(struct smbkit_op *op, struct dir_volume *v, uint64_t from, bool *end)
{
    struct if_nextdqblk next;
    for (*end = true; *end && from <= UINT32_MAX; from = (uint64_t)next.dqb_id + 1) {
        memset(&next, 0, sizeof(next));
        if (get(v, Q_GETNEXTQUOTA, (uint32_t)from, &next) != 0)
            return errno == ENOENT || errno == ESRCH;
        const struct dqblk q = {
            .dqb_curspace = next.dqb_curspace,
            .dqb_bsoftlimit = next.dqb_bsoftlimit,
            .dqb_bhardlimit = next.dqb_bhardlimit,
        };
        *end = add_known(op, &v->quotas, next.dqb_id, &q);
    }
    return true;
}

void dir_list_quotas(struct smbkit_op *op, void *vol, const struct smbkit_quotas_args *args)
{
    struct dir_volume *v = vol;
    struct dqblk q = {0};
    uint32_t uid;
    bool end = true, ok = true;
    if (args->sid == NULL)
        ok = list_all(op, v, args->cookie, &end);
    else if (!uid_of(&v->quotas, args->sid, args->sid_len, &uid))
        ok = true; /* neither files nor limits, as far as we know */
    else if (get(v, Q_GETQUOTA, uid, &q) == 0)
        end = add(op, args->sid, args->sid_len, uid, &q);
    else
        ok = errno == ENOENT || errno == ESRCH;
    if (ok)
        smbkit_reply_quotas(op, end);
    else
        smbkit_reply_status(op, dir_status(errno));
}

void dir_set_quota(struct smbkit_op *op, void *vol, const struct smbkit_quota *quota)
{
    struct dir_volume *v = vol;
    struct dqblk q = {.dqb_valid = QIF_BLIMITS};
    uint32_t uid;
    if (!uid_of(&v->quotas, quota->sid, quota->sid_len, &uid)) {
        smbkit_reply_status(op, SMBKIT_STATUS_NO_MATCH);
        return;
    }
    if (quota->limit != SMBKIT_QUOTA_REMOVE) {
        q.dqb_bhardlimit = limit_blocks(quota->limit);
        q.dqb_bsoftlimit = limit_blocks(quota->threshold);
        /* xfs leaves a limit below the soft one out, without a word */
        if (q.dqb_bhardlimit != 0 && q.dqb_bsoftlimit > q.dqb_bhardlimit)
            q.dqb_bsoftlimit = q.dqb_bhardlimit;
    }
    int err = get(v, Q_SETQUOTA, uid, &q) == 0 ? 0 : errno;
    smbkit_reply_status(op, err != 0 ? dir_status(err) : SMBKIT_STATUS_SUCCESS);
}

void dir_quota_control(struct smbkit_op *op, void *vol)
{
    const struct smbkit_quota_control control = {
        .default_threshold = SMBKIT_QUOTA_NONE,
        .default_limit = SMBKIT_QUOTA_NONE,
        .flags = control_flags(vol),
    };
    smbkit_reply_quota_control(op, &control);
}

void dir_set_quota_control(struct smbkit_op *op, void *vol,
                           const struct smbkit_quota_control *control)
{
    smbkit_reply_status(op, SMBKIT_STATUS_ACCESS_DENIED);
}
