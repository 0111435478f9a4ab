package org.ilbd.daemon;

import sun.misc.Signal;

/** The signals that ilbd takes, away from the JVM's own handling, which would end the process with other exit codes. */
final class Signals {
    private Signals() {}

    /**
     * Takes over the signals. The actions run on a thread of their own each, any number of times.
     *
     * @param reload on SIGHUP
     * @param stop on SIGTERM and SIGINT
     */
    static void handle(Runnable reload, Runnable stop) {
        Signal.handle(new Signal("HUP"), signal -> reload.run());
        Signal.handle(new Signal("TERM"), signal -> stop.run());
        Signal.handle(new Signal("INT"), signal -> stop.run());
    }
}
