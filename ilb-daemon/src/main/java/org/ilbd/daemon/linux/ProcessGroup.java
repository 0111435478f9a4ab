package org.ilbd.daemon.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A process that leads a group of its own, and all that it has started and that has not left the group since. */
public final class ProcessGroup {
    private static final int SIGKILL = 9;

    private ProcessGroup() {}

    /**
     * Kills the whole group in one step, so that none of it sees another die and goes on, or starts something meanwhile.
     *
     * @param leader the process id of its leader, more than 1
     * @return whether there was such a group
     */
    public static boolean kill(long leader) {
        if (leader <= 1) {
            throw new IllegalArgumentException("process " + leader + " leads no group that may be killed");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(SystemCalls.CAPTURE_LAYOUT);
            return SystemCalls.kill(capture, -Math.toIntExact(leader), SIGKILL) == 0;
        }
    }
}
