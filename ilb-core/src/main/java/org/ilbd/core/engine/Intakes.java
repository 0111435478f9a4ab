package org.ilbd.core.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.Optional;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.membership.Membership;
import org.ilbd.core.membership.Peer;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.protocol.IntakeMessage;
import org.ilbd.core.scheduler.Intake;

/**
 * Keeps the ILBs of one mind about each service's intake.
 *
 * <h2>Who decides</h2>
 * The ILB that owns the service: the best score for the service's VIP and port as the destination, and zeros as the source, of a
 * 4-tuple. When it is lost, its backup has the best score, as with connections. In its first moment it decides nothing, but
 * tells all others what it holds, and hears from them what they hold: a designation that its predecessor was about to make known is
 * finished and not overruled. It waits for the answers of all ACTIVE ILBs, or a failure timeout.
 *
 * <h2>Messages</h2>
 * The responsible ILB tells each other one that is not known to hold the designation that counts, at once and then with each
 * heartbeat until it confirms: so a loss is made up for, and a newcomer learns it as it is JOINING. Whoever is told answers with the
 * latest that it holds. Of two the later one counts ({@link Designation}), whoever it comes from and in whatever order, so
 * what is late or twice changes nothing, and what two sides of a partition have decided ends as one: the responsible one asks
 * again those who have seen another view, hears of the other in the answers, and passes on the later.
 *
 * <h2>In between</h2>
 * An ILB that knows its intake to be lost selects the best rated node until it hears of another intake ({@link Intake}).
 */
final class Intakes {
    private final Membership membership;
    private final ServiceTable services;
    private final Ranking ranking;
    private final PeerLink link;
    private final Clock clock;
    private final EngineListener observer;
    private final long repeatNanos;
    private final long patienceNanos;
    private final MemorySegment message;
    private final FourTuple tuple = new FourTuple();

    Intakes(
            EngineConfig config,
            Membership membership,
            ServiceTable services,
            Ranking ranking,
            PeerLink link,
            Clock clock,
            EngineListener observer,
            SegmentAllocator memory) {
        this.membership = membership;
        this.services = services;
        this.ranking = ranking;
        this.link = link;
        this.clock = clock;
        this.observer = observer;
        this.repeatNanos = config.heartbeatIntervalNanos();
        this.patienceNanos = config.failureTimeoutNanos();
        this.message = memory.allocate(IntakeMessage.LENGTH_BYTES, Long.BYTES);
    }

    void onTick() {
        List<Service> configured = services.services();
        for (int i = 0; i < configured.size(); i++) {
            Service service = configured.get(i);
            if (service.scheduler() instanceof Intake scheduler && isResponsible(service)) {
                lead(service, scheduler);
            } else {
                service.intake().follow();
            }
        }
    }

    private boolean isResponsible(Service service) {
        Endpoint vip = service.vip();
        tuple.set(
                vip.address().ipv6(),
                0,
                0,
                0,
                vip.address().high(),
                vip.address().low(),
                vip.port());
        return ranking.rank(tuple).selfOwns();
    }

    private void lead(Service service, Intake scheduler) {
        ServiceIntake intake = service.intake();
        long now = clock.nanos();
        if (!intake.responsible()) {
            intake.lead(now);
        }
        forgetDoubtful(intake);
        count(intake, now);
        Optional<ServiceIntake.Choice> choice =
                intake.decide(scheduler, service.config().intake(), now);
        if (choice.isPresent()) {
            Designation before = intake.current();
            intake.designate(choice.get(), membership.incarnation(), link.tag(), now);
            count(intake, now);
            changed(service, before, choice.get().cause());
        }
        if (intake.unconfirmed() > 0 && intake.repeats(repeatNanos, now)) {
            List<Peer> peers = membership.peers();
            for (int i = 0; i < peers.size(); i++) {
                Peer peer = peers.get(i);
                if (peer.state() != IlbState.DEAD && !intake.isConfirmedBy(peer)) {
                    send(service, peer, true);
                }
            }
        }
    }

    /** Whoever does not see this view may take itself for the responsible one, and designate: what it said before counts no more. */
    private void forgetDoubtful(ServiceIntake intake) {
        boolean viewShared = membership.isViewShared();
        List<Peer> peers = membership.peers();
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (!viewShared || peer.state() == IlbState.DEAD) {
                intake.forget(peer);
            }
        }
    }

    private void count(ServiceIntake intake, long now) {
        List<Peer> peers = membership.peers();
        int missing = 0;
        int missingActive = 0;
        for (int i = 0; i < peers.size(); i++) {
            Peer peer = peers.get(i);
            if (peer.state() != IlbState.DEAD && !intake.isConfirmedBy(peer)) {
                missing++;
                missingActive += peer.state() == IlbState.ACTIVE ? 1 : 0;
            }
        }
        intake.count(missing, missingActive, patienceNanos, now);
    }

    /** What a peer holds, and whether it wants to know what this ILB holds. */
    void onMessage(Peer peer, IntakeMessage said) {
        Service service = services.service(said.vip());
        if (service == null) {
            return;
        }
        ServiceIntake intake = service.intake();
        Designation designation = said.sequence() == 0
                ? Designation.NONE
                : new Designation(said.sequence(), said.designatorIncarnation(), said.designatorTag(), said.intake());
        intake.heard(peer, designation);
        Designation before = intake.current();
        if (intake.learn(designation, said.ageMillis(), clock.nanos())) {
            changed(service, before, ServiceIntake.Cause.PEER);
        }
        if (said.request()) {
            send(service, peer, false);
        }
    }

    private void changed(Service service, Designation before, ServiceIntake.Cause cause) {
        service.applyIntake();
        observer.designated(service, before, service.intake().current(), cause);
    }

    private void send(Service service, Peer peer, boolean request) {
        ServiceIntake intake = service.intake();
        Designation held = intake.current();
        int length = IntakeMessage.encode(
                message,
                0,
                link.tag(),
                membership.incarnation(),
                request,
                service.vip(),
                held.tag(),
                held.incarnation(),
                held.sequence(),
                held.sequence() == 0 ? 0 : intake.ageMillis(clock.nanos()),
                held.sequence() == 0 ? service.vip().address() : held.node());
        link.send(peer.endpoint(), message, 0, length);
    }
}
