/* Waits 100 ms with the function that the argument names, until a deadline computed from the clock that is read here.
 * Prints the seconds of the wall clock before the wait, and how many milliseconds the wait took on the monotonic clock,
 * which is never moved. With the argument "connect" and a port, it connects there, and reads no clock. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static struct timespec in_a_moment(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += 100000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static void *hold(void *mutex) {
    pthread_mutex_lock(mutex);
    return NULL;
}

static void *hold_of_c11(void *mutex) {
    mtx_lock(mutex);
    return NULL;
}

static void *hold_for_reading(void *lock) {
    pthread_rwlock_rdlock(lock);
    return NULL;
}

static void *hold_for_writing(void *lock) {
    pthread_rwlock_wrlock(lock);
    return NULL;
}

static void *never_end(void *nothing) {
    for (;;)
        pause();
    return nothing;
}

static void in_thread(void *(*function)(void *), void *argument) {
    pthread_t thread;
    pthread_create(&thread, NULL, function, argument);
    pthread_join(thread, NULL);
}

static int wait_in_a_way(const char *way) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    struct timespec deadline = in_a_moment(CLOCK_REALTIME), monotonic = in_a_moment(CLOCK_MONOTONIC);
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);

    if (strcmp(way, "pthread_cond_timedwait") == 0) {
        pthread_mutex_lock(&mutex);
        return pthread_cond_timedwait(&condition, &mutex, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_cond_timedwait on another clock") == 0) {
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&condition, &attributes);
        pthread_mutex_lock(&mutex);
        return pthread_cond_timedwait(&condition, &mutex, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_cond_clockwait") == 0) {
        pthread_mutex_lock(&mutex);
        return pthread_cond_clockwait(&condition, &mutex, CLOCK_REALTIME, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_cond_clockwait on another clock") == 0) {
        pthread_mutex_lock(&mutex);
        return pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "cnd_timedwait") == 0) {
        cnd_t signal;
        mtx_t lock;
        cnd_init(&signal);
        mtx_init(&lock, mtx_plain);
        mtx_lock(&lock);
        return cnd_timedwait(&signal, &lock, &deadline) == thrd_timedout;
    }
    if (strcmp(way, "mtx_timedlock") == 0) {
        mtx_t held;
        mtx_init(&held, mtx_timed);
        in_thread(hold_of_c11, &held);
        return mtx_timedlock(&held, &deadline) == thrd_timedout;
    }
    if (strcmp(way, "pthread_mutex_timedlock") == 0) {
        in_thread(hold, &mutex);
        return pthread_mutex_timedlock(&mutex, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_mutex_clocklock") == 0) {
        in_thread(hold, &mutex);
        return pthread_mutex_clocklock(&mutex, CLOCK_REALTIME, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_mutex_clocklock on another clock") == 0) {
        in_thread(hold, &mutex);
        return pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_timedrdlock") == 0) {
        in_thread(hold_for_writing, &lock);
        return pthread_rwlock_timedrdlock(&lock, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_clockrdlock") == 0) {
        in_thread(hold_for_writing, &lock);
        return pthread_rwlock_clockrdlock(&lock, CLOCK_REALTIME, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_clockrdlock on another clock") == 0) {
        in_thread(hold_for_writing, &lock);
        return pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_clockwrlock") == 0) {
        in_thread(hold_for_reading, &lock);
        return pthread_rwlock_clockwrlock(&lock, CLOCK_REALTIME, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_clockwrlock on another clock") == 0) {
        in_thread(hold_for_reading, &lock);
        return pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_clockjoin_np") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, never_end, NULL);
        return pthread_clockjoin_np(thread, NULL, CLOCK_REALTIME, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_clockjoin_np on another clock") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, never_end, NULL);
        return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &monotonic) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_timedjoin_np") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, never_end, NULL);
        return pthread_timedjoin_np(thread, NULL, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "pthread_rwlock_timedwrlock") == 0) {
        in_thread(hold_for_reading, &lock);
        return pthread_rwlock_timedwrlock(&lock, &deadline) == ETIMEDOUT;
    }
    if (strcmp(way, "sem_timedwait") == 0)
        return sem_timedwait(&semaphore, &deadline) == -1 && errno == ETIMEDOUT;
    if (strcmp(way, "sem_clockwait") == 0)
        return sem_clockwait(&semaphore, CLOCK_REALTIME, &deadline) == -1 && errno == ETIMEDOUT;
    if (strcmp(way, "sem_clockwait on another clock") == 0)
        return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &monotonic) == -1 && errno == ETIMEDOUT;
    if (strcmp(way, "clock_nanosleep") == 0)
        return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, NULL) == 0;
    if (strcmp(way, "clock_nanosleep on another clock") == 0)
        return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &monotonic, NULL) == 0;
    if (strcmp(way, "clock_nanosleep for a time") == 0)
        return clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){0, 100000000}, NULL) == 0;
    if (strcmp(way, "timerfd_settime") == 0) {
        unsigned long long times;
        int file = timerfd_create(CLOCK_REALTIME, 0);
        timerfd_settime(file, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = deadline}, NULL);
        return read(file, &times, sizeof times) == sizeof times;
    }
    if (strcmp(way, "timerfd_settime on another clock") == 0) {
        unsigned long long times;
        int file = timerfd_create(CLOCK_MONOTONIC, 0);
        timerfd_settime(file, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = monotonic}, NULL);
        return read(file, &times, sizeof times) == sizeof times;
    }
    if (strcmp(way, "timer_settime") == 0) {
        timer_t timer;
        sigset_t alarm;
        sigemptyset(&alarm);
        sigaddset(&alarm, SIGALRM);
        sigprocmask(SIG_BLOCK, &alarm, NULL);
        timer_create(CLOCK_REALTIME, NULL, &timer);
        timer_settime(timer, TIMER_ABSTIME, &(struct itimerspec){.it_value = deadline}, NULL);
        return sigwaitinfo(&alarm, NULL) == SIGALRM;
    }
    return 0;
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

int main(int count, char **arguments) {
    struct timeval day;
    struct timespec before, after, standard;
    if (count == 3 && strcmp(arguments[1], "connect") == 0)
        return connect_to(atoi(arguments[2])) == 0 ? 0 : 5;
    if (count != 2)
        return 2;
    gettimeofday(&day, NULL);
    timespec_get(&standard, TIME_UTC);
    if (labs(day.tv_sec - time(NULL)) > 1 || labs(standard.tv_sec - day.tv_sec) > 1)
        return 3;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (!wait_in_a_way(arguments[1]))
        return 4;
    clock_gettime(CLOCK_MONOTONIC, &after);
    long milliseconds = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    printf("%ld %ld\n", (long)day.tv_sec, milliseconds);
    return 0;
}
