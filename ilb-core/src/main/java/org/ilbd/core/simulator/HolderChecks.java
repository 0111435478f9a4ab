package org.ilbd.core.simulator;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.ilbd.core.connection.OwnedConnections;
import org.ilbd.core.engine.Counter;
import org.ilbd.core.engine.Designation;
import org.ilbd.core.membership.IlbState;
import org.ilbd.core.ownership.IlbId;
import org.ilbd.core.ownership.OwnershipMode;
import org.ilbd.core.ownership.View;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;

/**
 * Compares what the ILBs see, hold and say of it with what there is (design, invariants 3 and 5). An association is
 * under-replicated if it is on one ILB only, whatever that ILB says.
 */
final class HolderChecks {
    private final Simulation simulation;
    private boolean agreed;

    HolderChecks(Simulation simulation) {
        this.simulation = simulation;
    }

    private List<SimulatedIlb> running() {
        return simulation.cluster().running();
    }

    private static List<IlbId> ids(List<SimulatedIlb> ilbs) {
        return ilbs.stream().map(ilb -> ilb.id).sorted().toList();
    }

    /** What is missing until all ILBs are ACTIVE and see the same view, which is all of them; empty if nothing is. */
    String whyViewsDiffer() {
        List<SimulatedIlb> running = running();
        List<IlbId> ids = ids(running);
        for (SimulatedIlb ilb : running) {
            if (ilb.isPaused() || ilb.isLeaving()) {
                return ilb + " stands still or leaves";
            }
            if (ilb.engine.membership().selfState() != IlbState.ACTIVE) {
                return ilb + " is " + ilb.engine.membership().selfState();
            }
            if (!ilb.engine.membership().activeIds().equals(ids)) {
                return ilb + " sees " + ilb.engine.membership().activeIds() + ", not " + ids;
            }
            if (ilb.engine.membership().viewDigest()
                    != running.get(0).engine.membership().viewDigest()) {
                return ilb + " and " + running.get(0) + " see different incarnations";
            }
        }
        return "";
    }

    /** Which ILBs do not hold the same designation of the intake; empty if all do, or there is none. */
    String whyIntakesDiffer() {
        List<SimulatedIlb> running = running();
        for (SimulatedIlb ilb : running) {
            if (!intake(ilb).equals(intake(running.get(0)))) {
                return ilb + " holds " + intake(ilb) + ", " + running.get(0) + " " + intake(running.get(0));
            }
        }
        return "";
    }

    private static Designation intake(SimulatedIlb ilb) {
        return ilb.engine.services().get(0).intake().current();
    }

    /** Who has yet to hand something over; empty if nobody has. */
    String whyHandingOver() {
        List<SimulatedIlb> running = running();
        for (SimulatedIlb ilb : running) {
            if (ilb.engine.isWalking()
                    || ilb.engine.isHandingOver()
                    || (running.size() > 1 && ilb.engine.underReplicated() > 0)) {
                return ilb + " is handing over, " + ilb.engine.underReplicated() + " on one ILB only";
            }
        }
        return "";
    }

    /** Once nothing is handed over any more: each connection is with its owner and its backup, and each knows what it owns. */
    void checkHolders() {
        View view = view();
        for (Conversation conversation : simulation.clients().conversations()) {
            SimulatedServer server = conversation.server;
            if (isToBeHeld(conversation) && server != null) {
                long rank = view.rank(conversation.owned(simulation.schedule().affinity()));
                checkHolder(view, View.owner(rank), "owner", conversation, server);
                checkHolder(view, View.backup(rank), "backup", conversation, server);
                checkAssignment(conversation, server);
            }
        }
        running().forEach(ilb -> checkOwned(view, ilb));
    }

    /** A RST shortens the life of an association, whoever sent it, until the next packet of the connection. */
    private static boolean isToBeHeld(Conversation conversation) {
        return conversation.isBound() && !conversation.wasReset;
    }

    private void checkHolder(View view, int position, String role, Conversation conversation, SimulatedServer server) {
        for (SimulatedIlb ilb : running()) {
            if (isMember(view, position, ilb)
                    && !ilb.holds(conversation.tuple, server)
                    && !lacksRoom(ilb, conversation)) {
                simulation
                        .oracle()
                        .notHeld(
                                "its " + role + ", " + ilb + ", of " + holders(conversation) + " holders, holds "
                                        + ilb.engine.held(conversation.tuple),
                                conversation,
                                isLost(conversation));
            }
        }
    }

    /** All who hold a connection with that server take the same one for its owner. */
    private void checkAssignment(Conversation conversation, SimulatedServer server) {
        int[] owners = running().stream()
                .filter(ilb -> ilb.holds(conversation.tuple, server))
                .mapToInt(ilb -> ilb.assignedOwner(conversation.tuple).orElse(0))
                .distinct()
                .toArray();
        if (owners.length > 1) {
            simulation.oracle().violation(3, "is assigned to " + Arrays.toString(owners), conversation);
        }
    }

    /** Whether nobody knows yet that a connection is more than half-open, and there was no room for all of those there. */
    private boolean lacksRoom(SimulatedIlb ilb, Conversation conversation) {
        return ilb.engine.counters().get(Counter.TABLE_FULL) > 0
                && running().stream().noneMatch(other -> other.knowsMoreThanSyn(conversation.tuple));
    }

    /**
     * Whether two events at once have cost a connection its association: no ILB holds more of it than its SYN, if that, for
     * who knew more has gone; or there is another one of the same 4-tuple, from a time when the ILBs were divided.
     */
    private boolean isLost(Conversation conversation) {
        SimulatedServer server = conversation.server;
        return server == null
                || isContested(conversation.tuple, server)
                || running().stream()
                        .noneMatch(ilb ->
                                ilb.holds(conversation.tuple, server) && ilb.knowsMoreThanSyn(conversation.tuple));
    }

    /** Whether an ILB holds an association of that 4-tuple with another server. */
    boolean isContested(FourTuple tuple, SimulatedServer server) {
        return running().stream().anyMatch(ilb -> ilb.engine.held(tuple) != null && !ilb.holds(tuple, server));
    }

    /** When all views have been the same for long enough: nobody but owner and backup holds a connection. */
    void checkNobodyElseHolds() {
        View view = view();
        for (Conversation conversation : simulation.clients().conversations()) {
            long rank = view.rank(conversation.owned(simulation.schedule().affinity()));
            for (SimulatedIlb ilb : running()) {
                boolean other = !isMember(view, View.owner(rank), ilb) && !isMember(view, View.backup(rank), ilb);
                if (other && conversation.isBound() && ilb.engine.held(conversation.tuple) != null) {
                    simulation.oracle().violation(3, ilb + " holds it too", conversation);
                }
            }
        }
    }

    /** Whether no ILB has missed what another one said to all: it may have been lost, or overtaken and refused. */
    boolean hasHeardAll() {
        return running().stream().allMatch(ilb -> ilb.engine.counters().get(Counter.BROADCAST_GAPS) == 0);
    }

    /**
     * Once all connections have ended, where no ILB came or went and nothing that they said was lost: what ended is not
     * live with anybody. Not so what a server took with it, or a RST ended, which a packet undoes that it has overtaken: that expires.
     */
    void checkEnded() {
        Map<Endpoint, Conversation> last = new LinkedHashMap<>();
        simulation.clients().conversations().forEach(conversation -> last.put(conversation.client, conversation));
        for (Conversation conversation : last.values()) {
            boolean ended = conversation.over
                    && conversation.excuse == null
                    && conversation.ending != Conversation.Ending.CLIENT_RESETS;
            for (SimulatedIlb ilb : running()) {
                if (ended && ilb.isLive(conversation.tuple)) {
                    simulation.oracle().violation(6, ilb + " takes what has ended for live", conversation);
                }
            }
        }
    }

    /** When all timeouts have passed since the last packet: nobody holds anything any more. */
    void checkExpired() {
        for (SimulatedIlb ilb : running()) {
            OwnedConnections table = ilb.engine.owned();
            for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
                if (!table.state(slot).isClient()) {
                    String what =
                            ilb + " holds for ever, " + table.state(slot) + ", from port " + table.sourcePort(slot);
                    simulation.oracle().violation(6, what, null);
                }
            }
        }
    }

    private View view() {
        return new View(OwnershipMode.CRC32_MIXED, simulation.schedule().seed(), ids(running()));
    }

    private static boolean isMember(View view, int position, SimulatedIlb ilb) {
        return position >= 0 && view.member(position).equals(ilb.id);
    }

    private void checkOwned(View view, SimulatedIlb ilb) {
        OwnedConnections table = ilb.engine.owned();
        FourTuple tuple = new FourTuple();
        int owned = 0;
        for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
            boolean isOwned = isOwned(view, ilb, slot, tuple);
            owned += isOwned && !table.state(slot).isClient() ? 1 : 0;
        }
        if (owned != ilb.engine.ownedCount()) {
            simulation.oracle().violation(3, ilb + " owns " + owned + ", and says " + ilb.engine.ownedCount(), null);
        }
    }

    private boolean isOwned(View view, SimulatedIlb ilb, int slot, FourTuple tuple) {
        OwnedConnections table = ilb.engine.owned();
        tuple.set(
                table.ipv6(slot),
                table.sourceHigh(slot),
                table.sourceLow(slot),
                simulation.schedule().affinity() ? 0 : table.sourcePort(slot),
                simulation.vip().address().high(),
                simulation.vip().address().low(),
                simulation.vip().port());
        long rank = view.rank(tuple);
        int backup = View.backup(rank);
        boolean toBackup = backup != View.NONE && view.member(backup).tag() == table.assignedOwner(slot);
        return isMember(view, toBackup ? backup : View.owner(rank), ilb);
    }

    /** Live associations with a server, of those that an ILB owns in the view that it sees. */
    int live(SimulatedIlb ilb, SimulatedServer server) {
        View view = new View(
                OwnershipMode.CRC32_MIXED,
                simulation.schedule().seed(),
                ilb.engine.membership().activeIds());
        OwnedConnections table = ilb.engine.owned();
        FourTuple tuple = new FourTuple();
        int count = 0;
        for (int slot = table.nextSlot(-1); slot != OwnedConnections.NONE; slot = table.nextSlot(slot)) {
            boolean counts = table.state(slot).isLive()
                    && ilb.engine.server(table.server(slot)).endpoint().equals(server.endpoint);
            count += counts && isOwned(view, ilb, slot, tuple) ? 1 : 0;
        }
        return count;
    }

    /**
     * Whether the ILBs say of as many associations as there are that they are on one ILB only. Between a change of the
     * view and the next tick, and while an ILB does not know of a change, they cannot. What two events at
     * once have cost is not asked for.
     */
    void checkGauge() {
        boolean agree = running().size() > 1 && whyViewsDiffer().isEmpty();
        if (agree && agreed) {
            int said = running().stream()
                    .mapToInt(ilb -> ilb.engine.underReplicated())
                    .sum();
            int alone = 0;
            Conversation example = null;
            for (Conversation conversation : simulation.clients().conversations()) {
                if (isToBeHeld(conversation)
                        && holders(conversation) == 1
                        && !(simulation.mayBreak() && isLost(conversation))
                        && running().stream().noneMatch(ilb -> lacksRoom(ilb, conversation))) {
                    alone++;
                    example = conversation;
                }
            }
            if (alone > said) {
                simulation
                        .oracle()
                        .violation(5, alone + " associations are on one ILB only, the ILBs say " + said, example);
            }
        }
        agreed = agree;
    }

    private long holders(Conversation conversation) {
        SimulatedServer server = conversation.server;
        return server == null
                ? 0
                : running().stream()
                        .filter(ilb -> ilb.holds(conversation.tuple, server))
                        .count();
    }
}
