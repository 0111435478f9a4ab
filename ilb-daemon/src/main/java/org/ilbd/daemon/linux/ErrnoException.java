package org.ilbd.daemon.linux;

import java.io.IOException;

/** A failed system call: what was called on what, and the kernel's reason. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    /**
     * Tells of a call that failed.
     *
     * @param call what was called, with the argument an operator knows: {@code open(/dev/net/tun)}
     * @param errno the positive error number, see {@link Errno}
     */
    public ErrnoException(String call, int errno) {
        super(call + ": " + SystemCalls.errorText(errno) + " (errno " + errno + ")");
        this.call = call;
        this.errno = errno;
    }

    public String call() {
        return call;
    }

    public int errno() {
        return errno;
    }

    /** True when the process lacks a privilege, rather than the system a thing. */
    public boolean isPermission() {
        return errno == Errno.EPERM || errno == Errno.EACCES;
    }
}
