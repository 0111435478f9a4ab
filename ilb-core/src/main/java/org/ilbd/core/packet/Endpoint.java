package org.ilbd.core.packet;

/**
 * An IP address with a TCP or UDP port.
 *
 * @param port 0..65535; whether 0 (any) makes sense is the user's to say
 */
public record Endpoint(IpAddress address, int port) implements Comparable<Endpoint> {
    private static final int MAX_PORT = 65_535;

    /** @throws IllegalArgumentException if the port is out of range */
    public Endpoint {
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException("port " + port + " is not in 0.." + MAX_PORT);
        }
    }

    /**
     * Reads {@code 10.0.0.1:80} or {@code [2001:db8::1]:80}. Never resolves a name.
     *
     * @throws IllegalArgumentException with a text for an operator
     */
    public static Endpoint parse(final String text) {
        final int colon = text.lastIndexOf(':');
        final boolean bracketed = text.startsWith("[");
        if (colon < 1 || bracketed != (text.charAt(colon - 1) == ']')) {
            throw malformed(text);
        }
        final String address = bracketed ? text.substring(1, colon - 1) : text.substring(0, colon);
        if (bracketed != address.indexOf(':') >= 0) {
            throw malformed(text);
        }
        return new Endpoint(IpAddress.parse(address), parsePort(text, colon + 1));
    }

    private static int parsePort(final String text, final int from) {
        final int digits = text.length() - from;
        if (digits < 1 || digits > 5) {
            throw malformed(text);
        }
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            final char c = text.charAt(i);
            if (c < '0' || c > '9') {
                throw malformed(text);
            }
            port = port * 10 + c - '0';
        }
        if (port > MAX_PORT) {
            throw new IllegalArgumentException("'" + text + "': port " + port + " is not in 0.." + MAX_PORT);
        }
        return port;
    }

    private static IllegalArgumentException malformed(final String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not an address with a port (such as 10.0.0.1:80 or [2001:db8::1]:80)");
    }

    /** By address, then by port. */
    @Override
    public int compareTo(final Endpoint other) {
        final int byAddress = address.compareTo(other.address);
        return byAddress != 0 ? byAddress : Integer.compare(port, other.port);
    }

    /** The form that {@link #parse} reads. */
    @Override
    public String toString() {
        return address.ipv6() ? "[" + address + "]:" + port : address + ":" + port;
    }
}
