package org.ilbd.core.packet;

import java.util.Arrays;

/**
 * Reads one IP address literal. Strict: no leading zeros in a dotted quad (some programs read them as octal), no zone
 * index, no brackets, no surrounding space.
 */
final class IpAddressParser {
    private static final int GROUPS = 8;

    private final String text;
    private final int[] groups = new int[GROUPS];

    IpAddressParser(final String text) {
        this.text = text;
    }

    IpAddress parse() {
        if (text.indexOf(':') < 0) {
            return IpAddress.ofIpv4(dottedQuad(0));
        }
        final int gap = text.indexOf("::");
        if (gap < 0) {
            if (groupsOf(0, text.length(), 0) != GROUPS) {
                throw malformed();
            }
        } else {
            final int front = groupsOf(0, gap, 0);
            final int all = groupsOf(gap + 2, text.length(), front);
            if (all >= GROUPS) { // "::" stands for at least one group
                throw malformed();
            }
            final int back = all - front;
            System.arraycopy(groups, front, groups, GROUPS - back, back);
            Arrays.fill(groups, front, GROUPS - back, 0);
        }
        return new IpAddress(true, join(0), join(4));
    }

    /** Reads the groups of text[from, to) into {@code groups} from {@code count} on; returns the new count. */
    private int groupsOf(final int from, final int to, final int count) {
        int filled = count;
        int position = from;
        while (position < to) {
            int end = text.indexOf(':', position);
            if (end < 0 || end > to) {
                end = to;
            }
            if (text.indexOf('.', position) >= 0 && end == text.length()) {
                if (filled > GROUPS - 2) {
                    throw malformed();
                }
                final int tail = dottedQuad(position);
                groups[filled++] = tail >>> 16;
                groups[filled++] = tail & 0xFFFF;
            } else {
                if (filled == GROUPS) {
                    throw malformed();
                }
                groups[filled++] = hexGroup(position, end);
            }
            position = end + 1;
            if (position == to) { // a colon with nothing behind it
                throw malformed();
            }
        }
        return filled;
    }

    private int hexGroup(final int from, final int to) {
        if (to == from || to - from > 4) {
            throw malformed();
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            final char c = text.charAt(i);
            final int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw malformed();
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private int dottedQuad(final int from) {
        int address = 0;
        int position = from;
        for (int i = 0; i < 4; i++) {
            int end = position;
            int value = 0;
            while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9' && end - position < 4) {
                value = value * 10 + text.charAt(end) - '0';
                end++;
            }
            final boolean leadingZero = end - position > 1 && text.charAt(position) == '0';
            final boolean wrongEnd = i < 3 ? end == text.length() || text.charAt(end) != '.' : end != text.length();
            if (end == position || value > 255 || leadingZero || wrongEnd) {
                throw malformed();
            }
            address = address << 8 | value;
            position = end + 1;
        }
        return address;
    }

    private long join(final int from) {
        return (long) groups[from] << 48
                | (long) groups[from + 1] << 32
                | (long) groups[from + 2] << 16
                | groups[from + 3];
    }

    private IllegalArgumentException malformed() {
        return new IllegalArgumentException("'" + text + "' is not an IP address (such as 10.0.0.1 or 2001:db8::1)");
    }
}
