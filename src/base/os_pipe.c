// SPDX-License-Identifier: Apache-2.0
//
// The second thread of os.h: a ring of blocks between two threads. Threads themselves are those of
// POSIX or of Windows.
#include "base/os.h"

#ifdef _WIN32

#include <windows.h>

typedef HANDLE thread;
typedef SRWLOCK mutex;
typedef CONDITION_VARIABLE condition;
#define THREAD_RESULT DWORD WINAPI

static bool start(thread *t, DWORD(WINAPI *run)(void *), void *object) {
    *t = CreateThread(NULL, 0, run, object, 0, NULL);
    return *t != NULL;
}

static void join(thread t) {
    WaitForSingleObject(t, INFINITE);
    CloseHandle(t);
}

static void prepare(mutex *m, condition *c) {
    InitializeSRWLock(m);
    InitializeConditionVariable(c);
}

static void forget(mutex *m, condition *c) { (void)m, (void)c; }
static void lock(mutex *m) { AcquireSRWLockExclusive(m); }
static void unlock(mutex *m) { ReleaseSRWLockExclusive(m); }
static void wait_for(condition *c, mutex *m) { SleepConditionVariableSRW(c, m, INFINITE, 0); }
static void tell(condition *c) { WakeAllConditionVariable(c); }

#else

#include <pthread.h>

typedef pthread_t thread;
typedef pthread_mutex_t mutex;
typedef pthread_cond_t condition;
#define THREAD_RESULT void *

static bool start(thread *t, void *(*run)(void *), void *object) {
    return pthread_create(t, NULL, run, object) == 0;
}

static void join(thread t) { pthread_join(t, NULL); }

static void prepare(mutex *m, condition *c) {
    pthread_mutex_init(m, NULL);
    pthread_cond_init(c, NULL);
}

static void forget(mutex *m, condition *c) {
    pthread_cond_destroy(c);
    pthread_mutex_destroy(m);
}

static void lock(mutex *m) { pthread_mutex_lock(m); }
static void unlock(mutex *m) { pthread_mutex_unlock(m); }
static void wait_for(condition *c, mutex *m) { pthread_cond_wait(c, m); }
static void tell(condition *c) { pthread_cond_broadcast(c); }

#endif

enum { PIPE_BLOCKS = 4, PIPE_BLOCK = 256 * 1024 };

struct czm_pipe {
    bool (*end)(void *user, czm_bytes block);
    void *user;
    thread thread;
    mutex mutex;         // of all that follows
    condition changed;   // something was put or taken, or the work has ended
    size_t first, count; // of the blocks that wait, or that `end` works on
    bool is_broken, is_over;
    size_t sizes[PIPE_BLOCKS];
    uint8_t *blocks[PIPE_BLOCKS];
};

static THREAD_RESULT run_pipe(void *object) {
    czm_pipe *p = object;
    lock(&p->mutex);
    for (;;) {
        while (p->count == 0 && !p->is_over) wait_for(&p->changed, &p->mutex);
        if (p->count == 0) break;
        czm_bytes block = czm_bytes_of(p->blocks[p->first], p->sizes[p->first]);
        bool is_wanted = !p->is_broken;
        unlock(&p->mutex);
        bool is_taken = is_wanted && p->end(p->user, block);
        lock(&p->mutex);
        if (!is_taken) p->is_broken = true;
        p->first = (p->first + 1) % PIPE_BLOCKS;
        p->count--;
        tell(&p->changed);
    }
    unlock(&p->mutex);
    return 0;
}

static void close_pipe(void *object) {
    czm_pipe *p = object;
    lock(&p->mutex);
    p->is_over = true;
    tell(&p->changed);
    unlock(&p->mutex);
    join(p->thread);
    forget(&p->mutex, &p->changed);
}

czm_pipe *czm_pipe_open(czm_arena *arena, bool (*end)(void *user, czm_bytes block), void *user) {
    czm_pipe *p = CZM_NEW(arena, czm_pipe);
    p->end = end;
    p->user = user;
    for (size_t i = 0; i < PIPE_BLOCKS; i++) p->blocks[i] = czm_arena_alloc(arena, PIPE_BLOCK);
    prepare(&p->mutex, &p->changed);
    if (!start(&p->thread, run_pipe, p)) return NULL;
    return czm_arena_defer(arena, close_pipe, p) ? p : NULL;
}

static bool put_block(czm_pipe *p, const void *data, size_t size) {
    lock(&p->mutex);
    while (p->count == PIPE_BLOCKS) wait_for(&p->changed, &p->mutex);
    size_t place = (p->first + p->count) % PIPE_BLOCKS;
    unlock(&p->mutex);
    memcpy(p->blocks[place], data, size); // only this thread puts; `end` uses only counted blocks
    p->sizes[place] = size;
    lock(&p->mutex);
    p->count++;
    bool is_sound = !p->is_broken;
    tell(&p->changed);
    unlock(&p->mutex);
    return is_sound;
}

bool czm_pipe_put(czm_pipe *p, czm_bytes block) {
    bool is_sound = true;
    for (size_t at = 0; at < block.size && is_sound;) {
        size_t size = block.size - at < PIPE_BLOCK ? block.size - at : PIPE_BLOCK;
        is_sound = put_block(p, block.data + at, size);
        at += size;
    }
    return is_sound;
}

bool czm_pipe_drain(czm_pipe *p) {
    lock(&p->mutex);
    while (p->count > 0) wait_for(&p->changed, &p->mutex);
    bool is_sound = !p->is_broken;
    unlock(&p->mutex);
    return is_sound;
}
