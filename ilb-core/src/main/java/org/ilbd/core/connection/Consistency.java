package org.ilbd.core.connection;

import java.util.Locale;

/** What the checks of a table's structure throw. */
final class Consistency {

    private Consistency() {}

    /** @throws IllegalStateException with the formatted text, unless the condition holds */
    static void require(boolean condition, String format, int... values) {
        if (!condition) {
            Object[] arguments = new Object[values.length];
            for (int i = 0; i < values.length; i++) {
                arguments[i] = values[i];
            }
            throw new IllegalStateException(String.format(Locale.ROOT, format, arguments));
        }
    }
}
