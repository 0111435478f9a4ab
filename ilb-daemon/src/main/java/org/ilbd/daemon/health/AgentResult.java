package org.ilbd.daemon.health;

/** How one question to an agent ended. */
public enum AgentResult {
    /** A line, every word of which is known. */
    OK,
    /** A line with words that mean nothing, which were ignored; the others count. */
    RUBBISH,
    /** A line without a word, or no byte at all before the agent closed the connection. */
    EMPTY,
    /** The agent closed the connection in the middle of a line, or the line has no end: none of it counts. */
    INCOMPLETE,
    /** No whole line came in time. */
    TIMEOUT,
    /** There was no connection to the agent, or it broke. */
    UNREACHABLE
}
