package org.ilbd.daemon.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that somebody most likely meant. */
final class NearestName {
    private NearestName() {}

    /** The known name with the fewest typing errors between it and {@code name}, if few enough to be one of them. */
    static Optional<String> among(final Collection<String> known, final String name) {
        return known.stream()
                .filter(candidate -> distance(candidate, name) <= Math.max(1, candidate.length() / 3))
                .min(Comparator.<String>comparingInt(candidate -> distance(candidate, name))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Levenshtein's distance without regard to case and to the choice of separator. */
    private static int distance(final String a, final String b) {
        final String left = normalised(a);
        final String right = normalised(b);
        int[] previous = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            final int[] current = new int[right.length() + 1];
            current[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                final int substitution = previous[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(substitution, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[right.length()];
    }

    private static String normalised(final String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[-_.]", "");
    }
}
