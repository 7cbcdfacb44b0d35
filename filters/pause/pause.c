// SPDX-License-Identifier: Apache-2.0
/*
 * The pause filter: a file system that can be paused, resumed and stepped through, to see what a
 * client or a program does when its files are slow, at a moment that one can choose.
 *
 *   RUNNING --pause--> PAUSED --resume--> RUNNING
 *                      PAUSED --step N--> the N oldest operations go on, or the next ones to come
 *
 * Orders come through a FIFO (parameter `control`), and from signals: SIGUSR1 pauses and resumes,
 * SIGUSR2 is a step. An operation that nobody waits for any more is answered with CANCELLED. What
 * closes a file is never held: it could not be cancelled.
 *
 * Threads: SMBKIT_THREAD_ASYNC, and one for the orders. The mutex guards all that changes; nothing
 * is called under it. Signal handlers see only `signal_fds`.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <smbkit/filter.h>

#define ORDER_MAX    64
#define LOOK_EVERY   50 /* ms: for cancelled operations, while some are held */
#define INSTANCES    16 /* with signals */
#define ORDER_STOP   'q'
#define ORDER_TOGGLE 't'
#define ORDER_STEP   's'

struct held {
    struct held *next;
    struct smbkit_op *op;
};

struct pause {
    struct smbkit_share *share;
    uint64_t ops;
    pthread_t thread;
    bool has_thread;
    int wake[2]; /* a pipe: one letter for each order that is not from the FIFO */
    int fifo;    /* or -1 */
    char *path;
    bool made; /* the FIFO is ours */
    int slot;  /* in signal_fds, or -1 */

    pthread_mutex_t mutex;
    bool paused;
    uint64_t steps;            /* that operations to come may go */
    struct held *first, **end; /* oldest first */
};

/* --- operations --- */

static void append(struct pause *p, struct held *h)
{
    h->next = NULL;
    *p->end = h;
    p->end = &h->next;
}

/* Takes up to `max` of the oldest out of the queue, or those that are cancelled. */
static struct held *take(struct pause *p, uint64_t max, bool cancelled)
{
    struct held *taken = NULL, **tail = &taken;
    struct held **at = &p->first;
    while (*at != NULL && max > 0) {
        struct held *h = *at;
        if (cancelled && !smbkit_op_cancelled(h->op)) {
            at = &h->next;
            continue;
        }
        *at = h->next;
        h->next = NULL;
        *tail = h;
        tail = &h->next;
        max--;
    }
    for (p->end = &p->first; *p->end != NULL; p->end = &(*p->end)->next) {
    }
    return taken;
}

/* Without the mutex. */
static void let_go(struct held *list, bool cancelled)
{
    while (list != NULL) {
        struct held *h = list;
        list = h->next;
        if (cancelled)
            smbkit_reply_status(h->op, SMBKIT_STATUS_CANCELLED);
        else
            smbkit_pass(h->op);
        smbkit_free(h);
    }
}

static void pause_any(struct smbkit_op *op, void *vol, const struct smbkit_call *call)
{
    struct pause *p = vol;
    struct held *h = NULL;
    bool first = false;
    pthread_mutex_lock(&p->mutex);
    bool hold = p->paused && p->ops & 1ull << call->code;
    if (hold && p->steps > 0) {
        p->steps--;
        hold = false;
    }
    if (hold && (h = smbkit_alloc(sizeof(*h))) != NULL) {
        first = p->first == NULL;
        h->op = op;
        append(p, h);
    }
    pthread_mutex_unlock(&p->mutex);
    if (!hold)
        smbkit_pass(op);
    else if (h == NULL)
        smbkit_reply_status(op, SMBKIT_STATUS_INSUFFICIENT_RESOURCES);
    else if (first && write(p->wake[1], "w", 1) < 0) {
        /* A full pipe wakes as well. */
    }
}

/* --- orders --- */

static void order_pause(struct pause *p, bool on)
{
    pthread_mutex_lock(&p->mutex);
    p->paused = on;
    p->steps = 0;
    struct held *list = on ? NULL : take(p, UINT64_MAX, false);
    pthread_mutex_unlock(&p->mutex);
    smbkit_log(p->share, 2, "%s", on ? "paused" : "resumed");
    let_go(list, false);
}

static void order_step(struct pause *p, uint64_t count)
{
    pthread_mutex_lock(&p->mutex);
    struct held *list = p->paused ? take(p, count, false) : NULL;
    for (struct held *h = list; h != NULL; h = h->next)
        count--;
    p->steps = p->paused ? p->steps + count : 0;
    pthread_mutex_unlock(&p->mutex);
    let_go(list, false);
}

static bool is_paused(struct pause *p)
{
    pthread_mutex_lock(&p->mutex);
    bool paused = p->paused;
    pthread_mutex_unlock(&p->mutex);
    return paused;
}

static void obey(struct pause *p, const char *order)
{
    char *end;
    if (strcmp(order, "pause") == 0)
        order_pause(p, true);
    else if (strcmp(order, "resume") == 0)
        order_pause(p, false);
    else if (strcmp(order, "step") == 0)
        order_step(p, 1);
    else if (strncmp(order, "step ", 5) == 0 && order[5] >= '0' && order[5] <= '9')
        order_step(p, strtoull(order + 5, &end, 10));
    else if (order[0] != '\0')
        smbkit_log(p->share, 1, "'%s' is not an order; there are pause, resume, step, step N",
                   order);
}

/* Obeys the whole lines in `text`, keeps the rest. */
static size_t obey_lines(struct pause *p, char *text, size_t n)
{
    char *nl;
    while ((nl = memchr(text, '\n', n)) != NULL) {
        *nl = '\0';
        obey(p, text);
        n -= (size_t)(nl + 1 - text);
        memmove(text, nl + 1, n);
    }
    return n == ORDER_MAX ? 0 : n; /* a line that long is no order */
}

/* The letters of signals. False: it is the end. */
static bool obey_letters(struct pause *p)
{
    char letters[16];
    ssize_t n = read(p->wake[0], letters, sizeof(letters));
    for (ssize_t i = 0; i < n; i++) {
        if (letters[i] == ORDER_STOP)
            return false;
        if (letters[i] == ORDER_TOGGLE)
            order_pause(p, !is_paused(p));
        if (letters[i] == ORDER_STEP)
            order_step(p, 1);
    }
    return true;
}

static bool drop_cancelled(struct pause *p)
{
    pthread_mutex_lock(&p->mutex);
    struct held *list = take(p, UINT64_MAX, true);
    bool left = p->first != NULL;
    pthread_mutex_unlock(&p->mutex);
    let_go(list, true);
    return left;
}

static void *run(void *arg)
{
    struct pause *p = arg;
    char text[ORDER_MAX];
    size_t n = 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = p->wake[0], .events = POLLIN},
                               {.fd = p->fifo, .events = POLLIN}};
        int timeout = drop_cancelled(p) ? LOOK_EVERY : -1;
        if (poll(fds, 2, timeout) < 0)
            continue;
        if (fds[0].revents != 0 && !obey_letters(p))
            return NULL;
        if (fds[1].revents & POLLIN) {
            ssize_t got = read(p->fifo, text + n, sizeof(text) - n);
            n = obey_lines(p, text, n + (got > 0 ? (size_t)got : 0));
        }
    }
}

/* --- signals: to every instance that wants them --- */

static _Atomic int signal_fds[INSTANCES]; /* descriptor + 1; 0: free */
static struct sigaction old_actions[2];
static pthread_mutex_t signal_mutex = PTHREAD_MUTEX_INITIALIZER; /* guards what is below */
static int signal_users;

static void on_signal(int number)
{
    int saved = errno;
    char letter = number == SIGUSR1 ? ORDER_TOGGLE : ORDER_STEP;
    for (int i = 0; i < INSTANCES; i++) {
        int fd = atomic_load(&signal_fds[i]) - 1;
        if (fd >= 0 && write(fd, &letter, 1) < 0) {
            /* Too many orders at once: one less. */
        }
    }
    errno = saved;
}

static int signals_join(int fd)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    int slot = 0;
    pthread_mutex_lock(&signal_mutex);
    while (slot < INSTANCES && atomic_load(&signal_fds[slot]) != 0)
        slot++;
    if (slot < INSTANCES) {
        atomic_store(&signal_fds[slot], fd + 1);
        if (signal_users++ == 0) {
            sigfillset(&sa.sa_mask);
            sigaction(SIGUSR1, &sa, &old_actions[0]);
            sigaction(SIGUSR2, &sa, &old_actions[1]);
        }
    }
    pthread_mutex_unlock(&signal_mutex);
    return slot < INSTANCES ? slot : -1;
}

static void signals_leave(int slot)
{
    pthread_mutex_lock(&signal_mutex);
    atomic_store(&signal_fds[slot], 0);
    if (--signal_users == 0) {
        sigaction(SIGUSR1, &old_actions[0], NULL);
        sigaction(SIGUSR2, &old_actions[1], NULL);
    }
    pthread_mutex_unlock(&signal_mutex);
}

/* --- the share --- */

static void pause_share_close(void *vol)
{
    struct pause *p = vol;
    if (p->slot >= 0)
        signals_leave(p->slot);
    if (p->has_thread) {
        char stop = ORDER_STOP;
        while (write(p->wake[1], &stop, 1) < 0 && (errno == EINTR || errno == EAGAIN))
            poll(NULL, 0, 1);
        pthread_join(p->thread, NULL);
    }
    for (int i = 0; i < 2; i++)
        if (p->wake[i] >= 0)
            close(p->wake[i]);
    if (p->fifo >= 0)
        close(p->fifo);
    if (p->made)
        unlink(p->path);
    pthread_mutex_destroy(&p->mutex);
    smbkit_free(p->path);
    smbkit_free(p);
}

/* Opened for writing too, so that it has no end when the last writer goes. */
static bool open_fifo(struct pause *p)
{
    struct stat st;
    p->made = mkfifo(p->path, 0600) == 0;
    if (p->made || errno == EEXIST)
        p->fifo = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (p->fifo >= 0 && (fstat(p->fifo, &st) != 0 || !S_ISFIFO(st.st_mode))) {
        close(p->fifo);
        p->fifo = -1;
        errno = EEXIST;
    }
    if (p->fifo < 0)
        smbkit_error(p->share, "control=%s: %s", p->path,
                     errno == EEXIST ? "is not a FIFO" : strerror(errno));
    return p->fifo >= 0;
}

static bool set_up(struct pause *p, const struct smbkit_arg *args, size_t count)
{
    uint64_t closing;
    if (!smbkit_arg_calls(p->share, args, count, "ops", &p->ops))
        return false;
    if (smbkit_calls_parse("cleanup,close", &closing, NULL))
        p->ops &= ~closing;
    if (pipe2(p->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
        smbkit_error(p->share, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    if (p->path[0] != '\0' && !open_fifo(p))
        return false;
    int rc = pthread_create(&p->thread, NULL, run, p);
    p->has_thread = rc == 0;
    if (rc != 0)
        smbkit_error(p->share, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

/* The thread inherits that all signals are blocked. */
static bool set_up_quietly(struct pause *p, const struct smbkit_arg *args, size_t count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = set_up(p, args, count);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok && smbkit_arg_bool(args, count, "signals"))
        p->slot = signals_join(p->wake[1]);
    return ok;
}

static smbkit_status pause_share_open(struct smbkit_share *share, const struct smbkit_arg *args,
                                      size_t count, void **vol)
{
    struct pause *p = smbkit_alloc(sizeof(*p));
    if (p == NULL || (p->path = smbkit_arg_copy(args, count, "control")) == NULL) {
        smbkit_free(p);
        return SMBKIT_STATUS_INSUFFICIENT_RESOURCES;
    }
    p->share = share;
    p->wake[0] = p->wake[1] = p->fifo = p->slot = -1;
    p->paused = smbkit_arg_bool(args, count, "paused");
    p->end = &p->first;
    pthread_mutex_init(&p->mutex, NULL);
    if (!set_up_quietly(p, args, count)) {
        pause_share_close(p);
        return SMBKIT_STATUS_INVALID_PARAMETER;
    }
    *vol = p;
    return SMBKIT_STATUS_SUCCESS;
}

static const struct smbkit_param pause_params[] = {
    {.name = "control",
     .type = SMBKIT_PARAM_STRING,
     .default_value = "",
     .text =
         "path of a FIFO for the orders pause, resume, step and step N; made when it is not there"},
    {.name = "signals",
     .type = SMBKIT_PARAM_BOOL,
     .default_value = "off",
     .text = "SIGUSR1 pauses and resumes, SIGUSR2 is a step"},
    {.name = "paused", .type = SMBKIT_PARAM_BOOL, .default_value = "off", .text = "begin paused"},
    SMBKIT_PARAM_OPS,
    {.name = NULL},
};

SMBKIT_FILTER_TABLE = {
    SMBKIT_FILTER_INIT,
    .thread_model = SMBKIT_THREAD_ASYNC,
    .name = "pause",
    .version = SMBKIT_VERSION,
    .summary = "operations can be paused, resumed and stepped through",
    .params = pause_params,
    .any = pause_any,
    .vfs = {.share_open = pause_share_open, .share_close = pause_share_close},
};
