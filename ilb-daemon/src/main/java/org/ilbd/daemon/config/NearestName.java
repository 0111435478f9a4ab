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

    /** Typing errors: letters left out, added, changed or swapped with the next. Case and separators do not count. */
    private static int distance(final String a, final String b) {
        final String left = normalised(a);
        final String right = normalised(b);
        final int[][] errors = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            for (int j = 0; j <= right.length(); j++) {
                errors[i][j] = i == 0 || j == 0 ? i + j : errors(errors, left, right, i, j);
            }
        }
        return errors[left.length()][right.length()];
    }

    private static int errors(final int[][] errors, final String left, final String right, final int i, final int j) {
        final boolean same = left.charAt(i - 1) == right.charAt(j - 1);
        final int changed = errors[i - 1][j - 1] + (same ? 0 : 1);
        final int fewest = Math.min(changed, 1 + Math.min(errors[i - 1][j], errors[i][j - 1]));
        final boolean swapped = i > 1
                && j > 1
                && left.charAt(i - 1) == right.charAt(j - 2)
                && left.charAt(i - 2) == right.charAt(j - 1);
        return swapped ? Math.min(fewest, 1 + errors[i - 2][j - 2]) : fewest;
    }

    private static String normalised(final String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[-_.]", "");
    }
}
