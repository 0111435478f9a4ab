/** Everything that decides where a packet goes: no I/O, no threads, no clock. */
@org.jspecify.annotations.NullMarked
module org.ilbd.core {
    requires static org.jspecify;

    exports org.ilbd.core.connection;
    exports org.ilbd.core.membership;
    exports org.ilbd.core.ownership;
    exports org.ilbd.core.engine;
    exports org.ilbd.core.packet;
    exports org.ilbd.core.protocol;
    exports org.ilbd.core.scheduler;
    exports org.ilbd.core.simulator;
}
