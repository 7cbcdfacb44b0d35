// SPDX-License-Identifier: Apache-2.0
/*
 * Quotas of the dir plugin over a disk that is made up: fs_quota is wrapped by a table of users as
 * quotactl(2) would show them, since few machines that run tests keep quotas.
 */
#include "test_bench.h"
#include <linux/dqblk_xfs.h>
#include <sys/quota.h>
#include <time.h>

#define OK    SMBKIT_STATUS_SUCCESS
#define USERS 300u

/* S-1-5-21-1-2-3-RID, and S-1-22-1-UID */
#define ACCOUNT(rid)                                                                            \
    {                                                                                           \
        1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, (rid), 0, 0, 0 \
    }
#define UNIX(uid)                                                         \
    {                                                                     \
        1, 2, 0, 0, 0, 0, 0, 22, 1, 0, 0, 0, (uid)&0xff, (uid) >> 8, 0, 0 \
    }

static const uint8_t ann[] = ACCOUNT(1), ben[] = ACCOUNT(2);

#define STATE_UNKNOWN (-1) /* the call is not there */

static struct dirtest t;
static struct {
    bool on;
    int err;   /* of what asks for users; 0: none */
    int state; /* FS_QUOTA_UDQ_*, or STATE_UNKNOWN */
    bool there[USERS];
    struct dqblk user[USERS];
} made_up;

int __wrap_fs_quota(int fd, int cmd, uint32_t id, void *data);

/* As kernels do, which know no state in which nothing is on. */
static int answer_state(struct fs_quota_statv *st)
{
    assert_int_equal(st->qs_version, FS_QSTATV_VERSION1);
    errno = ENOSYS;
    if (!made_up.on || made_up.state == STATE_UNKNOWN || made_up.state == 0)
        return -1;
    st->qs_flags = (uint16_t)made_up.state;
    return 0;
}

static int answer_info(void)
{
    errno = ESRCH;
    return made_up.on && made_up.state != 0 ? 0 : -1;
}

int __wrap_fs_quota(int fd, int cmd, uint32_t id, void *data)
{
    assert_int_equal((unsigned)cmd & SUBCMDMASK, USRQUOTA);
    unsigned what = (unsigned)cmd >> SUBCMDSHIFT << SUBCMDSHIFT >> SUBCMDSHIFT;
    if (what == (unsigned)Q_XGETQSTATV)
        return answer_state(data);
    if (what == (unsigned)Q_GETINFO)
        return answer_info();
    errno = !made_up.on ? ESRCH : made_up.err;
    if (errno != 0)
        return -1;
    if (what == (unsigned)Q_GETQUOTA) {
        *(struct dqblk *)data = id < USERS ? made_up.user[id] : (struct dqblk){0};
        return 0;
    }
    if (what == (unsigned)Q_SETQUOTA) {
        assert_true(id < USERS);
        struct dqblk *q = data;
        assert_int_equal(q->dqb_valid, QIF_BLIMITS);
        made_up.there[id] = true;
        made_up.user[id].dqb_bhardlimit = q->dqb_bhardlimit;
        made_up.user[id].dqb_bsoftlimit = q->dqb_bsoftlimit;
        return 0;
    }
    assert_int_equal(what, (unsigned)Q_GETNEXTQUOTA);
    for (; id < USERS; id++) {
        if (!made_up.there[id])
            continue;
        const struct dqblk *q = &made_up.user[id];
        *(struct if_nextdqblk *)data = (struct if_nextdqblk){.dqb_bhardlimit = q->dqb_bhardlimit,
                                                             .dqb_bsoftlimit = q->dqb_bsoftlimit,
                                                             .dqb_curspace = q->dqb_curspace,
                                                             .dqb_id = id};
        return 0;
    }
    errno = ENOENT;
    return -1;
}

static void make_up(bool on)
{
    memset(&made_up, 0, sizeof made_up);
    made_up.on = on;
    made_up.state = FS_QUOTA_UDQ_ACCT | FS_QUOTA_UDQ_ENFD;
}

static void begin(bool on)
{
    make_up(on);
    dirtest_init(&t);
    assert_true(dirtest_open_volume(&t, NULL, 0));
}

static int setup(void **state)
{
    begin(true);
    return 0;
}

static int setup_users(void **state)
{
    const struct smbkit_arg args[] = {{"as", geteuid() == 0 ? "user" : "server"}};
    make_up(true);
    dirtest_init(&t);
    return !dirtest_open_volume(&t, args, 1);
}

static int setup_off(void **state)
{
    begin(false);
    return 0;
}

static int teardown(void **state)
{
    dirtest_end(&t);
    return 0;
}

static void as(const uint8_t *sid, size_t len)
{
    t.op.user_sid = sid;
    t.op.user_sid_len = len;
}

static size_t list(const uint8_t *sid, size_t len, uint64_t cookie, size_t max)
{
    const struct smbkit_quotas_args a = {sid, len, cookie, max};
    assert_int_equal(XWAIT(&t, vfs_quotas(&t.op, t.vol, &a)), OK);
    return t.op.quota_count;
}

static smbkit_status limit(const uint8_t *sid, size_t len, uint64_t threshold, uint64_t bytes)
{
    const struct smbkit_quota q = {sid, len, .threshold = threshold, .limit = bytes};
    return XWAIT(&t, vfs_set_quota(&t.op, t.vol, &q));
}

static void test_list(void **state)
{
    for (unsigned i = 100; i < 120; i++) {
        made_up.there[i] = true;
        made_up.user[i] = (struct dqblk){
            .dqb_bhardlimit = i, .dqb_bsoftlimit = i == 105 ? 0 : 1, .dqb_curspace = 1000 * i};
    }
    unsigned uid = 100;
    for (uint64_t cookie = 0; uid < 120;) {
        size_t n = list(NULL, 0, cookie, 7);
        assert_true(n > 0 && n <= 7);
        for (size_t i = 0; i < n; i++, uid++) {
            const struct smbkit_quota *q = &t.op.quotas[i].quota;
            const uint8_t sid[] = UNIX(uid);
            assert_int_equal(q->sid_len, sizeof sid);
            assert_memory_equal(q->sid, sid, sizeof sid);
            assert_int_equal(q->used, 1000 * uid);
            assert_int_equal(q->limit, 1024 * uid);
            assert_true(q->threshold == (uid == 105 ? SMBKIT_QUOTA_NONE : 1024));
        }
        cookie = t.op.quotas[n - 1].next_cookie;
    }
    assert_true(t.op.dir_end);
    assert_int_equal(list(NULL, 0, 120, 7), 0);
    static const uint8_t one[] = UNIX(107);
    assert_int_equal(list(one, sizeof one, 0, 1), 1);
    assert_int_equal(t.op.quotas[0].quota.used, 107000);
    assert_int_equal(list(NULL, 0, t.op.quotas[0].next_cookie, 1), 1);
    assert_int_equal(t.op.quotas[0].quota.used, 108000);
    assert_int_equal(list(ann, sizeof ann, 0, 1), 0); /* nobody of whom we know */
}

static void at_work(void)
{
    as(ann, sizeof ann);
    t.op.user = "daemon";
    (void)status_of(&t, "");
    t.op.user = NULL;
    as(NULL, 0);
}

static uint64_t free_bytes(void)
{
    as(ann, sizeof ann);
    t.op.user = "daemon";
    assert_int_equal(XWAIT(&t, vfs_statfs(&t.op, t.vol)), OK);
    t.op.user = NULL;
    as(NULL, 0);
    return t.op.statfs.free_bytes;
}

/* Whom "daemon" is on the disk: that user if the server can be him, else the server's. */
static uid_t uid_at_work(void)
{
    return geteuid() == 0 ? 1 : geteuid();
}

/* Accounts that were here are known by their own SID. */
static void test_known(void **state)
{
    uid_t me = uid_at_work();
    if (me >= USERS)
        skip();
    made_up.there[me] = true;
    made_up.user[me] = (struct dqblk){.dqb_curspace = 5000};
    assert_int_equal(limit(ann, sizeof ann, 1, 2), SMBKIT_STATUS_NO_MATCH);
    at_work();
    assert_int_equal(list(ann, sizeof ann, 0, 1), 1);
    assert_int_equal(t.op.quotas[0].quota.used, 5000);
    assert_int_equal(list(NULL, 0, 0, 100), 1);
    assert_memory_equal(t.op.quotas[0].quota.sid, ann, sizeof ann);
    assert_int_equal(limit(ann, sizeof ann, SMBKIT_QUOTA_NONE, 10000), OK);
    assert_int_equal(made_up.user[me].dqb_bhardlimit, 10); /* rounded up */
    assert_int_equal(made_up.user[me].dqb_bsoftlimit, 0);
    as(ben, sizeof ben); /* another name for the same */
    t.op.user = "daemon";
    assert_int_equal(XWAIT(&t, vfs_statfs(&t.op, t.vol)), OK);
    t.op.user = NULL;
    as(NULL, 0);
    assert_int_equal(list(ben, sizeof ben, 0, 1), 1);
    assert_int_equal(list(NULL, 0, 0, 100), 1);
    assert_memory_equal(t.op.quotas[0].quota.sid, ben, sizeof ben);
}

/* Free space is what the limits leave, as far as they hold. */
static void test_space(void **state)
{
    uid_t me = uid_at_work();
    if (me >= USERS)
        skip();
    struct dqblk *q = &made_up.user[me];
    *q = (struct dqblk){.dqb_bhardlimit = 10, .dqb_bsoftlimit = 4, .dqb_curspace = 5000};
    assert_int_equal(free_bytes(), 5240);
    assert_int_equal(t.op.statfs.total_bytes, 10240);
    assert_true(t.op.statfs.device_free_bytes > 10240);
    q->dqb_btime = (uint64_t)time(NULL) + 1000;
    assert_int_equal(free_bytes(), 5240);
    q->dqb_btime = 1; /* the time above the soft limit is over */
    assert_int_equal(free_bytes(), 0);
    q->dqb_bhardlimit = 0;
    assert_int_equal(free_bytes(), 0);
    assert_true(t.op.statfs.total_bytes > 10240);
    made_up.state = FS_QUOTA_UDQ_ACCT;
    q->dqb_bhardlimit = 10;
    assert_true(free_bytes() == t.op.statfs.device_free_bytes);
}

/* Root, whom no limit holds, sees what the disk has. */
static void test_space_root(void **state)
{
    if (geteuid() != 0)
        skip();
    made_up.user[0].dqb_bhardlimit = 10;
    assert_int_equal(XWAIT(&t, vfs_statfs(&t.op, t.vol)), OK);
    assert_true(t.op.statfs.free_bytes == t.op.statfs.device_free_bytes);
}

/* An account whose Unix user has changed is asked for as the new one. */
static void test_moved(void **state)
{
    if (geteuid() != 0)
        skip();
    made_up.there[1] = made_up.there[2] = true;
    made_up.user[1].dqb_curspace = 1000;
    made_up.user[2].dqb_curspace = 2000;
    as(ann, sizeof ann);
    t.op.user = "daemon";
    (void)status_of(&t, "");
    t.op.user = "bin";
    (void)status_of(&t, "");
    t.op.user = NULL;
    as(NULL, 0);
    assert_int_equal(list(ann, sizeof ann, 0, 1), 1);
    assert_int_equal(t.op.quotas[0].quota.used, 2000);
}

static void test_set(void **state)
{
    static const uint8_t sid[] = UNIX(200);
    assert_int_equal(limit(sid, sizeof sid, 1024, 1025), OK);
    assert_int_equal(made_up.user[200].dqb_bsoftlimit, 1);
    assert_int_equal(made_up.user[200].dqb_bhardlimit, 2);
    assert_int_equal(limit(sid, sizeof sid, 9000, 3000), OK); /* as xfs wants it */
    assert_int_equal(made_up.user[200].dqb_bsoftlimit, 3);
    assert_int_equal(made_up.user[200].dqb_bhardlimit, 3);
    assert_int_equal(limit(sid, sizeof sid, 9000, SMBKIT_QUOTA_NONE), OK);
    assert_int_equal(made_up.user[200].dqb_bsoftlimit, 9);
    assert_int_equal(limit(sid, sizeof sid, 0, 0), OK); /* not "none" */
    assert_int_equal(made_up.user[200].dqb_bhardlimit, 1);
    assert_int_equal(limit(sid, sizeof sid, 7, SMBKIT_QUOTA_REMOVE), OK);
    assert_int_equal(made_up.user[200].dqb_bhardlimit, 0);
    assert_int_equal(made_up.user[200].dqb_bsoftlimit, 0);
    made_up.err = EPERM;
    assert_int_equal(limit(sid, sizeof sid, 1, 2), SMBKIT_STATUS_ACCESS_DENIED);
    const struct smbkit_quotas_args all = {0}, one = {.sid = sid, .sid_len = sizeof sid};
    assert_int_equal(XWAIT(&t, vfs_quotas(&t.op, t.vol, &all)), SMBKIT_STATUS_ACCESS_DENIED);
    assert_int_equal(XWAIT(&t, vfs_quotas(&t.op, t.vol, &one)), SMBKIT_STATUS_ACCESS_DENIED);
}

static void test_control(void **state)
{
    assert_true(vfs_volume_capabilities(t.vol) & SMBKIT_CAP_QUOTAS);
    static const struct {
        int state;
        uint32_t flags;
    } rows[] = {
        {FS_QUOTA_UDQ_ACCT | FS_QUOTA_UDQ_ENFD, SMBKIT_QUOTA_ENFORCE},
        {FS_QUOTA_UDQ_ACCT | FS_QUOTA_GDQ_ENFD, SMBKIT_QUOTA_TRACK},
        {FS_QUOTA_GDQ_ACCT | FS_QUOTA_GDQ_ENFD, 0},
        {0, 0},
        {STATE_UNKNOWN, SMBKIT_QUOTA_ENFORCE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        made_up.state = rows[i].state;
        assert_int_equal(XWAIT(&t, vfs_quota_control(&t.op, t.vol)), OK);
        assert_int_equal(t.op.quota_control.flags, rows[i].flags);
    }
    assert_true(t.op.quota_control.default_limit == SMBKIT_QUOTA_NONE);
    assert_int_equal(
        XWAIT(&t, vfs_set_quota_control(&t.op, t.vol, &(struct smbkit_quota_control){0})),
        SMBKIT_STATUS_ACCESS_DENIED);
}

static void test_off(void **state)
{
    assert_false(vfs_volume_capabilities(t.vol) & SMBKIT_CAP_QUOTAS);
    as(ann, sizeof ann);
    assert_int_equal(XWAIT(&t, vfs_statfs(&t.op, t.vol)), OK);
    assert_true(t.op.statfs.free_bytes == t.op.statfs.device_free_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known, setup_users, teardown),
        cmocka_unit_test_setup_teardown(test_space, setup_users, teardown),
        cmocka_unit_test_setup_teardown(test_space_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved, setup_users, teardown),
        cmocka_unit_test_setup_teardown(test_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control, setup, teardown),
        cmocka_unit_test_setup_teardown(test_off, setup_off, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
