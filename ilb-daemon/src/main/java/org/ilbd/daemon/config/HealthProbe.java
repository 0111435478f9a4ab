package org.ilbd.daemon.config;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** What one check of a server does. */
public sealed interface HealthProbe {
    /** Nothing: the server counts as up. */
    record None() implements HealthProbe {}

    /** Opens a TCP connection and closes it. */
    record Tcp() implements HealthProbe {}

    /**
     * Sends a request and looks at the status of the response.
     *
     * @param head whether HEAD is sent, instead of GET
     * @param path with the query; begins with {@code /}
     * @param expected the statuses that pass
     * @param host the header of that name; the address and port that is checked without it
     * @param tls for https
     */
    record Http(boolean head, String path, List<StatusRange> expected, Optional<String> host, Optional<Tls> tls)
            implements HealthProbe {
        /** Copies the list. */
        public Http {
            expected = List.copyOf(expected);
        }

        /** Whether a response with this status passes. */
        public boolean expects(final int status) {
            return expected.stream().anyMatch(range -> range.first <= status && status <= range.last);
        }
    }

    /**
     * Runs a program, whose exit code 0 passes.
     *
     * @param command the program's path and its arguments
     */
    record Exec(List<String> command) implements HealthProbe {
        /** Copies the list. */
        public Exec {
            command = List.copyOf(command);
        }
    }

    /** Statuses of HTTP from {@code first} to {@code last}, both included. */
    record StatusRange(int first, int last) {}

    /**
     * How https is spoken.
     *
     * @param verify whether the server's certificate must be valid, and for its name
     * @param serverName that is asked for (SNI, RFC 6066, 3) and that the certificate must be for; the server's address without it
     * @param authorities whose certificates count; the Java runtime's if there are none
     */
    record Tls(boolean verify, Optional<String> serverName, List<X509Certificate> authorities) {
        /** Copies the list. */
        public Tls {
            authorities = List.copyOf(authorities);
        }
    }
}
