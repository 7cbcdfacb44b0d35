// SPDX-License-Identifier: Apache-2.0
/* The run: one workload after the other, and a line for each. Status 1: a workload failed. */
#include "base/mem.h"
#include "bench.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct bench_workload workloads[] = {
    {"seq-read", 65536, false, false, bench_data},
    {"seq-write", 65536, true, false, bench_data},
    {"rand-read-4k", 4096, false, true, bench_data},
    {"rand-write-4k", 4096, true, true, bench_data},
};

static const struct bench_workload *find(const char *name)
{
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}

static double micro(const struct bench_result *r, double q)
{
    return (double)bench_hist_quantile(&r->latency, q) / 1e3;
}

static void print_json(const struct bench_workload *w, const struct bench_config *cfg,
                       const struct bench_result *r)
{
    double s = (double)r->ns / 1e9;
    printf("{\"workload\": \"%s\", \"connections\": %u, \"depth\": %u, \"seconds\": %.3f, "
           "\"ops\": %llu, \"bytes\": %llu, \"failed\": %llu, \"checked\": %llu, "
           "\"ops_per_second\": %.1f, \"mb_per_second\": %.1f, \"us\": {\"p50\": %.1f, "
           "\"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}",
           w->name, cfg->connections, cfg->depth, s, (unsigned long long)r->ops,
           (unsigned long long)r->bytes, (unsigned long long)r->failed,
           (unsigned long long)r->checked, (double)r->ops / s, (double)r->bytes / s / 1e6,
           micro(r, .5), micro(r, .9), micro(r, .99), micro(r, .999),
           (double)r->latency.highest / 1e3);
    if (cfg->pid_count > 0)
        printf(", \"cpu_seconds\": %.4f, \"ops_per_cpu_second\": %.1f, \"rss\": %llu", r->cpu,
               r->cpu > 0 ? (double)r->ops / r->cpu : 0, (unsigned long long)r->rss);
    printf(", \"error\": \"%s\"}\n", r->error);
}

static void print_row(const struct bench_workload *w, const struct bench_config *cfg,
                      const struct bench_result *r)
{
    double s = (double)r->ns / 1e9;
    printf("%-16s %10.0f %9.1f %9.1f %9.1f %9.1f", w->name, (double)r->ops / s,
           (double)r->bytes / s / 1e6, micro(r, .5), micro(r, .99), micro(r, .999));
    if (cfg->pid_count > 0)
        printf(" %12.0f %8.1f", r->cpu > 0 ? (double)r->ops / r->cpu : 0, (double)r->rss / 1e6);
    printf("%s%s\n", r->error[0] != '\0' ? "  " : "", r->error);
}

static bool run(const struct bench_workload *w, const struct bench_config *cfg, struct loop *l)
{
    struct bench_result *r = mem_zalloc(sizeof *r);
    bool ok = r != NULL && w->run(w, cfg, l, r);
    if (r == NULL)
        return false;
    r->ns = MAX(r->ns, 1);
    (cfg->json ? print_json : print_row)(w, cfg, r);
    fflush(stdout);
    mem_free(r);
    return ok;
}

static bool run_all(const struct bench_config *cfg, struct loop *l)
{
    bool ok = true;
    if (!cfg->json)
        printf("%-16s %10s %9s %9s %9s %9s%s\n", "workload", "op/s", "MB/s", "p50 us", "p99 us",
               "p99.9 us", cfg->pid_count > 0 ? "   op/CPU-s   RSS MB" : "");
    for (size_t i = 0; i < cfg->workload_count; i++) {
        const struct bench_workload *w = find(cfg->workloads[i]);
        if (w == NULL)
            fprintf(stderr, "smbkit-bench: no workload %s\n", cfg->workloads[i]);
        ok = w != NULL && run(w, cfg, l) && ok;
    }
    return ok;
}

int main(int argc, char **argv)
{
    struct bench_config cfg;
    if (!bench_options(&cfg, argc, argv))
        return 2;
    signal(SIGPIPE, SIG_IGN);
    struct loop *l = loop_new();
    if (l == NULL)
        return 1;
    bool records = cfg.workload_count == 1 && strcmp(cfg.workloads[0], "records") == 0;
    bool ok = records ? bench_records(&cfg, l) == 0 : run_all(&cfg, l);
    loop_run_once(l, 0);
    loop_free(l);
    return ok ? 0 : 1;
}
