package org.ilbd.daemon.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.ilbd.core.simulator.EventKind;
import org.ilbd.core.simulator.Outcome;
import org.ilbd.core.simulator.Plan;
import org.ilbd.core.simulator.Schedule;
import org.ilbd.core.simulator.Simulator;
import org.ilbd.core.simulator.Summary;
import org.ilbd.daemon.ExitCode;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ilbd simulate}: random schedules of what can go wrong, or a plan. */
@Command(
        name = "simulate",
        description = {
            "Runs clusters of real engines on a simulated network, through random schedules of crashes, joins, leaves and more,",
            "and checks that no connection breaks. With --plan: says what each ILB of a cluster needs.",
            ""
        },
        sortOptions = false,
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:no invariant was broken",
            "1:one was; the seed and what happened are printed",
            "2:the command line is wrong"
        })
final class SimulateCommand implements Callable<Integer> {
    private static final int BAR_WIDTH = 40;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--schedules",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many (default: ${DEFAULT-VALUE}).")
    int schedules;

    @Option(
            names = "--ilbs",
            paramLabel = "N",
            defaultValue = "0",
            description = "ILBs at the start, 1 to 8 (default: 2 to 5 at random); with --plan: of the cluster.")
    int ilbs;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Of the first schedule; the same seed gives the same run.")
    @Nullable
    Long seed;

    @Option(
            names = "--events",
            split = ",",
            paramLabel = "KIND",
            description = "Only such events, such as crash,join,server-removed (default: all).")
    @Nullable
    List<String> events;

    @Option(
            names = "--overlapping",
            description = "Each event comes while others go on; without it, in every third schedule.")
    boolean overlapping;

    @Option(names = "--plan", description = "Memory, traffic and re-replication time for each ILB.")
    boolean plan;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "With --plan: at a time, over all ILBs (default: ${DEFAULT-VALUE}).")
    long connections;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "10000",
            description = "With --plan: new connections a second, over all ILBs (default: ${DEFAULT-VALUE}).")
    long rate;

    @Override
    public Integer call() {
        return plan ? plan() : simulate();
    }

    private int plan() {
        if (ilbs < 2 || ilbs > 256 || connections < 1 || rate < 0) {
            throw wrong("--plan needs --ilbs 2 to 256, --connections 1 or more and --rate 0 or more");
        }
        out().println(new Plan(ilbs, connections, rate));
        out().flush();
        return ExitCode.OK.number();
    }

    private int simulate() {
        if (schedules < 1 || ilbs < 0 || ilbs > 8) {
            throw wrong("--schedules must be 1 or more, and --ilbs 1 to 8");
        }
        final Set<EventKind> kinds = kinds();
        final long first = seed == null ? new Random().nextLong() : seed;
        final Simulator simulator = new Simulator();
        final Summary summary = new Summary();
        out().println("seed " + first);
        int done = 0;
        for (final Schedule schedule : Simulator.schedules(first, schedules, ilbs, kinds, overlapping)) {
            final Outcome outcome = simulator.run(schedule);
            summary.add(outcome);
            done++;
            if (!outcome.isGood() && summary.failures().size() == 1) {
                clearBar();
                out().println(simulator.explain(schedule));
            }
            showBar(done, summary);
        }
        clearBar();
        out().println(summary);
        for (final Outcome failure : summary.failures()) {
            out().println("seed " + failure.schedule().seed()
                    + (failure.schedule().overlapping() ? ", overlapping: " : ": ")
                    + failure.violations().get(0));
        }
        out().flush();
        return (summary.failures().isEmpty() ? ExitCode.OK : ExitCode.FAILURE).number();
    }

    private Set<EventKind> kinds() {
        if (events == null) {
            return EnumSet.allOf(EventKind.class);
        }
        final Set<EventKind> kinds = EnumSet.noneOf(EventKind.class);
        for (final String event : events) {
            kinds.add(Arrays.stream(EventKind.values())
                    .filter(kind -> kind.text().equals(event))
                    .findFirst()
                    .orElseThrow(() -> wrong("there is no event " + event + ", only "
                            + Arrays.stream(EventKind.values())
                                    .map(EventKind::text)
                                    .collect(Collectors.joining(", ")))));
        }
        return kinds;
    }

    private void showBar(final int done, final Summary summary) {
        if (!isTerminal()) {
            return;
        }
        final int filled = (int) ((long) done * BAR_WIDTH / schedules);
        err().print("\r[" + "#".repeat(filled) + " ".repeat(BAR_WIDTH - filled) + "] " + done + " of " + schedules
                + ", " + summary.failures().size() + " failed");
        err().flush();
    }

    private static boolean isTerminal() {
        return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    }

    private void clearBar() {
        if (isTerminal()) {
            err().print("\r" + " ".repeat(BAR_WIDTH + 40) + "\r");
            err().flush();
        }
    }

    private ParameterException wrong(final String text) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), text);
    }

    private PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    private PrintWriter err() {
        return Objects.requireNonNull(spec).commandLine().getErr();
    }
}
