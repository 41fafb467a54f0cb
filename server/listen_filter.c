/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen_filter.h"

#include <linux/filter.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

int
listen_filter_spread(int fd, unsigned n, struct err *err)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) < 0)
        return err_sys(err, "SO_ATTACH_REUSEPORT_CBPF");
    return 0;
}

int
listen_filter_close(int fd, struct err *err)
{
    enum { FLAGS_AT = 13, SYN = 0x02, ACK = 0x10 };
    /* A TCP socket's filter sees the segment from its header on: drop those with SYN and no ACK. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return err_sys(err, "SO_ATTACH_FILTER");
    return 0;
}

void
listen_filter_reopen(int fd)
{
    int unused = 0;

    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}
