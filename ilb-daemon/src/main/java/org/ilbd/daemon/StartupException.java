package org.ilbd.daemon;

/** ilbd cannot start, or cannot go on. The message tells the operator what is wrong and what to do about it. */
public final class StartupException extends Exception {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    public StartupException(final ExitCode exitCode, final String message) {
        super(message);
        this.exitCode = exitCode;
    }

    public StartupException(final ExitCode exitCode, final String message, final Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** For the operator. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** What the process ends with. */
    public ExitCode exitCode() {
        return exitCode;
    }
}
