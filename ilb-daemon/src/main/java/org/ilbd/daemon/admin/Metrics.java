package org.ilbd.daemon.admin;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.prometheus.metrics.core.metrics.Info;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.ilbd.core.connection.AssociationCache;
import org.ilbd.core.connection.ConnectionState;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.Counters;
import org.ilbd.core.engine.DropReason;
import org.ilbd.core.engine.Engine;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.membership.Reception;
import org.ilbd.daemon.health.ServerCounts;

/**
 * What the engine counts, in the formats of Prometheus.
 *
 * <p><b>Concurrency.</b> The engine's thread writes plain fields and knows nothing of meters; a meter reads its field when it is scraped, on
 * the admin interface's thread. So a scrape costs the packet path nothing, and shows each value as it was a moment ago.
 *
 * <p><b>Names.</b> Meters are named without {@code _total}, {@code _info} and units: the registry would strip the first two, and adds all.
 */
final class Metrics implements AutoCloseable {
    private static final String OPEN_METRICS = "application/openmetrics-text";
    private static final String OPEN_METRICS_TYPE = OPEN_METRICS + "; version=1.0.0; charset=utf-8";
    private static final String TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gcMetrics = new JvmGcMetrics();
    private final ServiceMeters serviceMeters = new ServiceMeters(registry);
    private final HealthMeters healthMeters = new HealthMeters(registry);
    private final Supplier<List<ServerCounts>> health;
    /** Meters refer to it weakly. */
    private final Engine engine;

    /** @param health what was counted of the servers that are watched */
    Metrics(Engine engine, Supplier<List<ServerCounts>> health, DutyCycle dutyCycle, String version) {
        this.engine = engine;
        this.health = health;
        addProcess(dutyCycle, version);
        addCounters(engine.counters());
        addMembership(engine.membership());
        addTables(engine.owned(), engine.cache());
        addHandover();
        addSelections();
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gcMetrics.bindTo(registry);
    }

    /** All metrics as they are now, in the OpenMetrics format for who accepts it, else in Prometheus' own. */
    Page page(String accept) {
        serviceMeters.show(engine.services());
        healthMeters.show(health.get());
        String type = accept.contains(OPEN_METRICS) ? OPEN_METRICS_TYPE : TEXT_TYPE;
        return new Page(HttpResponseStatus.OK, type, registry.scrape(type));
    }

    @Override
    public void close() {
        gcMetrics.close();
        registry.close();
    }

    private void addProcess(DutyCycle dutyCycle, String version) {
        Info.builder()
                .name("ilbd_build")
                .help("The version of ilbd.")
                .labelNames("version")
                .register(registry.getPrometheusRegistry())
                .setLabelValues(version);
        gauge(
                "ilbd.up",
                "1 if the engine moves, 0 if it has not for a second.",
                Tags.empty(),
                dutyCycle,
                its -> its.isMoving(System.nanoTime()) ? 1 : 0);
        gauge(
                "ilbd.host.load",
                "How busy this ILB's host is, from 0 to 1, as it tells the others; not a number if it was not measured.",
                Tags.empty(),
                engine,
                its -> its.hostLoad() < 0 ? Double.NaN : its.hostLoad() / 1000.0);
        Gauge.builder("ilbd.engine.longest.cycle", dutyCycle, cycle -> cycle.longestNanos() / 1e9)
                .description("The longest time between two ticks of the engine, planned as 10 ms, since the start.")
                .baseUnit("seconds")
                .register(registry);
        Gauge.builder("ilbd.engine.longest.slice", dutyCycle, cycle -> cycle.longestSliceNanos() / 1e9)
                .description(
                        "The longest that packets had to wait for a tick or a message of a transfer, since the start.")
                .baseUnit("seconds")
                .register(registry);
        Gauge.builder("ilbd.engine.longest.slice.work", dutyCycle, cycle -> cycle.longestSliceWorkNanos() / 1e9)
                .description("The most processor time that a tick or a message of a transfer took, since the start.")
                .baseUnit("seconds")
                .register(registry);
        counter(
                "ilbd.engine.slices",
                "Ticks of the engine, and messages of transfers.",
                Tags.empty(),
                dutyCycle,
                DutyCycle::slices);
        counter(
                "ilbd.engine.long.slices",
                "Ticks of the engine, and messages of transfers, that took more than 1 ms of processor time.",
                Tags.empty(),
                dutyCycle,
                DutyCycle::longSlices);
        counter(
                "ilbd.engine.late.ticks",
                "Ticks of the engine that came more than 100 ms after the one before.",
                Tags.empty(),
                dutyCycle,
                DutyCycle::lateTicks);
    }

    private void addCounters(Counters counters) {
        for (Counter counter : Counter.values()) {
            counter(
                    "ilbd." + lower(counter),
                    sentence(counter.description()),
                    Tags.empty(),
                    counters,
                    its -> its.get(counter));
        }
        for (DropReason reason : DropReason.values()) {
            counter(
                    "ilbd.drops",
                    "Packets and datagrams that went no further, by reason.",
                    Tags.of("reason", lower(reason)),
                    counters,
                    its -> its.dropped(reason));
        }
    }

    private void addMembership(Membership membership) {
        for (IlbState state : IlbState.values()) {
            Tags tags = Tags.of("state", lower(state));
            gauge(
                    "ilbd.peers",
                    "The other ILBs that were ever heard, by state.",
                    tags,
                    membership,
                    its -> countPeers(its, state));
            if (state != IlbState.DEAD) {
                gauge(
                        "ilbd.state",
                        "1 for the state that this ILB is in, else 0.",
                        tags,
                        membership,
                        its -> its.selfState() == state ? 1 : 0);
            }
        }
        gauge(
                "ilbd.view.size",
                "ILBs in the view: those that are ACTIVE.",
                Tags.empty(),
                membership,
                its -> its.activeIds().size());
        for (Reception reception : Reception.values()) {
            counter(
                    "ilbd.id.messages",
                    "ID messages received, by verdict.",
                    Tags.of("verdict", lower(reception)),
                    membership,
                    its -> its.receptions(reception));
        }
    }

    private static int countPeers(Membership membership, IlbState state) {
        int count = 0;
        for (Peer peer : membership.peers()) {
            count += peer.state() == state ? 1 : 0;
        }
        return count;
    }

    private void addTables(OwnedConnections owned, AssociationCache cache) {
        connections("owned", Engine::ownedCount);
        connections("backup", Engine::backedUpCount);
        connections("cached", its -> its.cache().size());
        for (ConnectionState state : ConnectionState.values()) {
            if (!state.isClient()) {
                gauge(
                        "ilbd.connection.states",
                        "Connections that this ILB owns or backs up, by state.",
                        Tags.of("state", lower(state)),
                        owned,
                        its -> its.size(state));
            }
        }
        gauge(
                "ilbd.affinity.clients",
                "Clients that this ILB owns or backs up, each with the server that its connections go to.",
                Tags.empty(),
                owned,
                OwnedConnections::clients);
        gauge(
                "ilbd.affinity.clients.capacity",
                "Clients that there is room for.",
                Tags.empty(),
                owned,
                OwnedConnections::clientCapacity);
        capacity("half_open", owned, OwnedConnections::halfOpenCapacity);
        capacity("established", owned, OwnedConnections::establishedCapacity);
        capacity("cached", cache, AssociationCache::capacity);
        evictions("owned", owned, OwnedConnections::evictions);
        evictions("cached", cache, AssociationCache::evictions);
    }

    private void addHandover() {
        gauge(
                "ilbd.under.replicated.connections",
                "Connections of this ILB that no other ILB is known to hold; back to 0 some seconds after a crash.",
                Tags.empty(),
                engine,
                Engine::underReplicated);
        gauge(
                "ilbd.handover.in.progress",
                "1 while this ILB brings associations to the ILBs that are to hold them, else 0.",
                Tags.empty(),
                engine,
                its -> its.isHandingOver() ? 1 : 0);
        gauge(
                "ilbd.handover.awaited.peers",
                "ACTIVE ILBs that have yet to hand over before this ILB may become ACTIVE, or may end.",
                Tags.empty(),
                engine.membership(),
                Membership::awaitedHandOvers);
    }

    private void addSelections() {
        FunctionTimer.builder(
                        "ilbd.selection.latency",
                        engine,
                        its -> its.counters().get(Counter.SELECTION_ANSWERS),
                        Engine::selectionNanos,
                        TimeUnit.NANOSECONDS)
                .description("How long SYNs waited here for the answers of their services' masters.")
                .register(registry);
        Gauge.builder("ilbd.selection.longest", engine, its -> its.longestSelectionNanos() / 1e9)
                .description("The longest that a SYN waited here for the answer of a master, since the start.")
                .baseUnit("seconds")
                .register(registry);
    }

    private void connections(String role, ToDoubleFunction<Engine> count) {
        gauge(
                "ilbd.connections",
                "Connections that this ILB knows the server of, by its role for them.",
                Tags.of("role", role),
                engine,
                count);
    }

    private <T> void capacity(String room, T table, ToDoubleFunction<T> value) {
        gauge(
                "ilbd.connections.capacity",
                "Connections that there is room for; closing ones are in the room of the established.",
                Tags.of("room", room),
                table,
                value);
    }

    private <T> void evictions(String table, T object, ToDoubleFunction<T> value) {
        counter(
                "ilbd.evictions",
                "Associations that gave way to a newer one because their table was full.",
                Tags.of("table", table),
                object,
                value);
    }

    private <T> void counter(String name, String description, Tags tags, T object, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, object, value)
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private <T> void gauge(String name, String description, Tags tags, T object, ToDoubleFunction<T> value) {
        Gauge.builder(name, object, value).description(description).tags(tags).register(registry);
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String sentence(String description) {
        return description.substring(0, 1).toUpperCase(Locale.ROOT) + description.substring(1) + ".";
    }
}
