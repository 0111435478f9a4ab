package org.ilbd.core.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Leaves out events of a schedule for as long as it still fails (Zeller, Hildebrandt: "Simplifying and Isolating
 * Failure-Inducing Input", 2002): halves first, then ever smaller parts, then the companions one by one.
 */
final class Shortening {
    private final Predicate<Schedule> fails;

    /** @param fails whether a schedule fails, by running it */
    Shortening(Predicate<Schedule> fails) {
        this.fails = fails;
    }

    /** A schedule with as few events as can be found by leaving out some; the given one has failed. */
    Schedule shorten(Schedule failing) {
        Schedule shortest = failing;
        int parts = 2;
        while (!shortest.events().isEmpty()) {
            Schedule shorter = withoutOnePart(shortest, parts);
            if (shorter.events().size() < shortest.events().size()) {
                shortest = shorter;
                parts = Math.max(2, parts - 1);
            } else if (parts >= shortest.events().size()) {
                break;
            } else {
                parts = Math.min(shortest.events().size(), parts * 2);
            }
        }
        return withoutCompanions(shortest);
    }

    private Schedule withoutOnePart(Schedule schedule, int parts) {
        List<PlannedEvent> events = schedule.events();
        for (int part = 0; part < parts; part++) {
            int from = events.size() * part / parts;
            int to = events.size() * (part + 1) / parts;
            List<PlannedEvent> rest = new ArrayList<>(events.subList(0, from));
            rest.addAll(events.subList(to, events.size()));
            Schedule candidate = schedule.with(rest);
            if (to > from && fails.test(candidate)) {
                return candidate;
            }
        }
        return schedule;
    }

    private Schedule withoutCompanions(Schedule schedule) {
        Schedule shortest = schedule;
        for (int i = 0; i < schedule.events().size(); i++) {
            PlannedEvent event = shortest.events().get(i);
            if (event.hasCompanion()) {
                List<PlannedEvent> changed = new ArrayList<>(shortest.events());
                changed.set(i, event.alone());
                Schedule candidate = shortest.with(changed);
                shortest = fails.test(candidate) ? candidate : shortest;
            }
        }
        return shortest;
    }
}
