/* Moves the wall clock of the processes that it is loaded into (LD_PRELOAD), and nothing else.
 *
 * The file that FEEDSERVER_CHECK_CLOCK names has the offset; it is mapped, so running processes follow it at once.
 * Deadlines that are given in wall-clock time are brought back by the offset before the kernel sees them; otherwise a wait
 * of a second would take days. Deadlines on another clock stay: CLOCK_MONOTONIC counts from the start of the machine, so a
 * deadline of more than a billion seconds (31 years) is one of the wall clock.
 *
 * The file also counts the processes that have both read the wall clock and made a connection: that proves that the
 * reader is among those whose clock is moved.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SINCE_1970 1000000000 /* seconds: no machine has been up for so long */
#define BILLION 1000000000

struct shared {
    _Atomic int64_t offset; /* nanoseconds */
    _Atomic uint64_t proofs; /* processes that read the clock and connected */
};

static struct shared nothing;
static struct shared *_Atomic shared;
static atomic_int has_read, has_connected, has_proved;

static struct shared *state(void) {
    struct shared *known = atomic_load(&shared);
    if (known != NULL)
        return known;
    known = &nothing;
    int saved = errno;
    const char *path = getenv("FEEDSERVER_CHECK_CLOCK");
    int file = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *mapped = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (mapped != MAP_FAILED)
            known = mapped;
    }
    errno = saved;
    atomic_store(&shared, known);
    return known;
}

static void prove(void) {
    if (atomic_load(&has_read) && atomic_load(&has_connected) && !atomic_exchange(&has_proved, 1))
        atomic_fetch_add(&state()->proofs, 1);
}

static int64_t offset(void) { return atomic_load(&state()->offset); }

static struct timespec moved(struct timespec time, int64_t by) {
    int64_t nanoseconds = time.tv_nsec + by % BILLION;
    time.tv_sec += by / BILLION;
    if (nanoseconds >= BILLION) {
        time.tv_sec++;
        nanoseconds -= BILLION;
    } else if (nanoseconds < 0) {
        time.tv_sec--;
        nanoseconds += BILLION;
    }
    time.tv_nsec = nanoseconds;
    return time;
}

/* Returns a deadline in the time of the kernel's clock. */
static struct timespec brought_back(const struct timespec *deadline) {
    if (deadline->tv_sec < SINCE_1970)
        return *deadline;
    return moved(*deadline, -offset());
}

static int is_wall_clock(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

/* Returns the function that the one of this name in this file replaces. Those of condition variables also have an old
 * version, which must not be used. */
static void *next(const char *name) {
    void *found = NULL;
#if defined(__GLIBC__) && defined(__x86_64__)
    if (__builtin_strncmp(name, "pthread_cond_", 13) == 0)
        found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
#endif
    return found != NULL ? found : dlsym(RTLD_NEXT, name);
}

#define NEXT(type, name)                      \
    static type (*real)() = NULL;             \
    if (real == NULL)                         \
        real = (type(*)())next(name);

/* Reading the clock: by the system call, since allocators read it before symbols can be looked up. */

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && is_wall_clock(clock)) {
        *time = moved(*time, offset());
        if (!atomic_load(&has_read)) {
            atomic_store(&has_read, 1);
            prove();
        }
    }
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != NULL)
        *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, time) != 0)
        return 0;
    return base;
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    NEXT(int, "connect")
    if (address != NULL && (address->sa_family == AF_INET || address->sa_family == AF_INET6) &&
        !atomic_exchange(&has_connected, 1))
        prove();
    return real(socket, address, length);
}

/* Deadlines */

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    NEXT(int, "pthread_cond_timedwait")
    struct timespec back = brought_back(deadline);
    return real(condition, mutex, &back);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict deadline) {
    NEXT(int, "pthread_cond_clockwait")
    struct timespec back = brought_back(deadline);
    return real(condition, mutex, clock, &back);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(int, "pthread_mutex_timedlock")
    struct timespec back = brought_back(deadline);
    return real(mutex, &back);
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict mutex, clockid_t clock,
                            const struct timespec *restrict deadline) {
    NEXT(int, "pthread_mutex_clocklock")
    struct timespec back = brought_back(deadline);
    return real(mutex, clock, &back);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
    NEXT(int, "pthread_rwlock_timedrdlock")
    struct timespec back = brought_back(deadline);
    return real(lock, &back);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
    NEXT(int, "pthread_rwlock_timedwrlock")
    struct timespec back = brought_back(deadline);
    return real(lock, &back);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                              const struct timespec *restrict deadline) {
    NEXT(int, "pthread_rwlock_clockrdlock")
    struct timespec back = brought_back(deadline);
    return real(lock, clock, &back);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict lock, clockid_t clock,
                              const struct timespec *restrict deadline) {
    NEXT(int, "pthread_rwlock_clockwrlock")
    struct timespec back = brought_back(deadline);
    return real(lock, clock, &back);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *deadline) {
    NEXT(int, "pthread_timedjoin_np")
    struct timespec back = brought_back(deadline);
    return real(thread, result, &back);
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *deadline) {
    NEXT(int, "pthread_clockjoin_np")
    struct timespec back = brought_back(deadline);
    return real(thread, result, clock, &back);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    NEXT(int, "sem_timedwait")
    struct timespec back = brought_back(deadline);
    return real(semaphore, &back);
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict deadline) {
    NEXT(int, "sem_clockwait")
    struct timespec back = brought_back(deadline);
    return real(semaphore, clock, &back);
}

/* The waits of C11 do not call those above. Their types are left out: older systems lack threads.h. */

int cnd_timedwait(void *restrict condition, void *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(int, "cnd_timedwait")
    struct timespec back = brought_back(deadline);
    return real(condition, mutex, &back);
}

int mtx_timedlock(void *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(int, "mtx_timedlock")
    struct timespec back = brought_back(deadline);
    return real(mutex, &back);
}

ssize_t mq_timedreceive(mqd_t queue, char *restrict message, size_t length, unsigned *restrict priority,
                        const struct timespec *restrict deadline) {
    NEXT(ssize_t, "mq_timedreceive")
    struct timespec back = brought_back(deadline);
    return real(queue, message, length, priority, &back);
}

int mq_timedsend(mqd_t queue, const char *message, size_t length, unsigned priority,
                 const struct timespec *deadline) {
    NEXT(int, "mq_timedsend")
    struct timespec back = brought_back(deadline);
    return real(queue, message, length, priority, &back);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remain) {
    NEXT(int, "clock_nanosleep")
    struct timespec until = (flags & TIMER_ABSTIME) && is_wall_clock(clock) ? brought_back(request) : *request;
    return real(clock, flags, &until, remain);
}

int timerfd_settime(int file, int flags, const struct itimerspec *value, struct itimerspec *old) {
    NEXT(int, "timerfd_settime")
    struct itimerspec back = *value;
    if (flags & TFD_TIMER_ABSTIME)
        back.it_value = brought_back(&value->it_value);
    return real(file, flags, &back, old);
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict value,
                  struct itimerspec *restrict old) {
    NEXT(int, "timer_settime")
    struct itimerspec back = *value;
    if (flags & TIMER_ABSTIME)
        back.it_value = brought_back(&value->it_value);
    return real(timer, flags, &back, old);
}
