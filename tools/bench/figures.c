// SPDX-License-Identifier: Apache-2.0
/* The histogram of latencies, and what /proc says of the server. */
#include "base/mem.h"
#include "bench.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TREE_MAX 512

/* ---------------------------------------------------------------- histogram */

static size_t slot_of(uint64_t ns)
{
    unsigned shift = 0;
    while ((ns >> shift) >= 2 * BENCH_HIST_SUB)
        shift++;
    size_t slot = (size_t)shift * BENCH_HIST_SUB + (size_t)(ns >> shift);
    return MIN(slot, BENCH_HIST_SLOTS - 1);
}

static uint64_t middle_of(size_t slot)
{
    if (slot < 2 * BENCH_HIST_SUB)
        return slot;
    unsigned shift = (unsigned)(slot / BENCH_HIST_SUB) - 1;
    uint64_t base = slot - (size_t)shift * BENCH_HIST_SUB;
    return (base << shift) + ((1ull << shift) >> 1);
}

void bench_hist_add(struct bench_hist *h, uint64_t ns)
{
    h->slots[slot_of(ns)]++;
    h->count++;
    h->sum += (double)ns;
    h->highest = MAX(h->highest, ns);
}

uint64_t bench_hist_quantile(const struct bench_hist *h, double q)
{
    uint64_t rank = (uint64_t)(q * (double)h->count), seen = 0;
    for (size_t i = 0; i < BENCH_HIST_SLOTS; i++) {
        seen += h->slots[i];
        if (seen > rank)
            return MIN(middle_of(i), h->highest);
    }
    return h->highest;
}

/* ---------------------------------------------------------------- processes */

struct process {
    pid_t pid, parent;
    unsigned long long children; /* ticks of those that have ended and were waited for */
};

static bool read_stat(pid_t pid, struct process *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    char *rest = strrchr(text, ')'); /* the name may hold anything */
    unsigned long long user, system;
    int parent;
    if (rest == NULL ||
        sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*u %llu %llu", &parent,
               &user, &system) != 3)
        return false;
    *out = (struct process){pid, parent, user + system};
    return true;
}

static bool is_in(const struct process *v, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].pid == pid)
            return true;
    return false;
}

static size_t list_all(struct process *v, size_t max)
{
    DIR *d = opendir("/proc");
    size_t n = 0;
    struct dirent *e;
    while (d != NULL && n < max && (e = readdir(d)) != NULL) {
        long pid = strtol(e->d_name, NULL, 10);
        if (pid > 0 && read_stat((pid_t)pid, &v[n]))
            n++;
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static bool is_given(const struct bench_config *cfg, pid_t pid)
{
    for (size_t i = 0; i < cfg->pid_count; i++)
        if (cfg->pids[i] == pid)
            return true;
    return false;
}

/* A server that runs its client (smbkit --run) is not charged for it, nor for who is between. */
static size_t without_us(const struct bench_config *cfg, struct process *v, size_t n)
{
    pid_t us = getpid();
    for (size_t i = 0; i < n && !is_given(cfg, us); i++) {
        if (v[i].pid != us)
            continue;
        us = v[i].parent;
        v[i] = v[--n];
        i = SIZE_MAX; /* from the start, for the parent */
    }
    return n;
}

/* The given processes and all that come from them. */
static size_t read_tree(const struct bench_config *cfg, struct process tree[TREE_MAX])
{
    static struct process all[8 * TREE_MAX];
    size_t n = 0, count, before;
    if (cfg->pid_count == 0)
        return 0;
    count = without_us(cfg, all, list_all(all, sizeof all / sizeof *all));
    for (size_t i = 0; i < cfg->pid_count; i++)
        if (!is_in(tree, n, cfg->pids[i]) && read_stat(cfg->pids[i], &tree[n]))
            n++;
    do {
        before = n;
        for (size_t i = 0; i < count && n < TREE_MAX; i++)
            if (is_in(tree, n, all[i].parent) && !is_in(tree, n, all[i].pid))
                tree[n++] = all[i];
    } while (n > before);
    return n;
}

double bench_cpu(const struct bench_config *cfg)
{
    struct process tree[TREE_MAX];
    size_t n = read_tree(cfg, tree);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        clockid_t clock;
        struct timespec ts;
        if (clock_getcpuclockid(tree[i].pid, &clock) == 0 && clock_gettime(clock, &ts) == 0)
            sum += (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
        sum += (double)tree[i].children / (double)sysconf(_SC_CLK_TCK);
    }
    return sum;
}

uint64_t bench_rss(const struct bench_config *cfg)
{
    struct process tree[TREE_MAX];
    size_t n = read_tree(cfg, tree);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        char path[64];
        unsigned long long pages = 0;
        snprintf(path, sizeof path, "/proc/%d/statm", (int)tree[i].pid);
        FILE *f = fopen(path, "re");
        if (f == NULL)
            continue;
        if (fscanf(f, "%*u %llu", &pages) == 1)
            sum += pages * (uint64_t)sysconf(_SC_PAGESIZE);
        fclose(f);
    }
    return sum;
}
