package org.ilbd.daemon.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * TCP clients of an {@link EchoServerProcess}: long connections that send a message, check its echo byte by byte, wait a moment and go on, and
 * short ones, each for one message, at a steady rate. One thread for any number of connections.
 *
 * <p>Arguments, {@code name=value}: {@code target=ADDRESS:PORT}; {@code long}, a number of connections; {@code interval}, milliseconds from
 * one message of a connection to its next, as long as echoes come back; {@code size} of a message in bytes; {@code short-rate} in connections a second; {@code short-limit}, how many
 * of them in all; {@code connecting}, how many handshakes at a time; {@code sources}, up to 65,000
 * clients that take turns, which are the addresses from 10.8.0.1 on; 0 for the host's own.
 *
 * <p>Obeys lines on its standard input: {@code report} prints one line of {@code name=value}, see {@link TrafficCounts}; {@code mark} forgets
 * what has taken longest so far; {@code ports} prints the ports of the long connections that live, {@code broken} of those that have broken;
 * {@code stop} waits for what is under way, prints the last report and ends.
 */
final class TrafficProcess {
    /** How long a short connection may take, and what is under way at the end: a few retransmissions (RFC 6298, 5.5). */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

    private static final long SELECT_MILLIS = 5;

    /** A few rounds of the loop. */
    private static final long MOST_BEHIND_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Options options;
    private final Selector selector;
    private final TrafficCounts counts = new TrafficCounts();
    private final List<Conversation> conversations = new ArrayList<>();
    private final ArrayDeque<Conversation> idle = new ArrayDeque<>();
    private final ArrayDeque<Conversation> shorts = new ArrayDeque<>();
    private final Queue<String> commands = new ConcurrentLinkedQueue<>();
    private final long startNanos = System.nanoTime();
    private int opened;
    private long shortsOpened;
    private long nextRoundNanos = startNanos;
    private boolean stopping;
    private long stopNanos;

    private TrafficProcess(Options options, Selector selector) {
        this.options = options;
        this.selector = selector;
    }

    /** What is to be done. */
    private record Options(
            InetSocketAddress target,
            int longs,
            long intervalNanos,
            int size,
            int shortRate,
            long shortLimit,
            int connecting,
            int sources) {
        static Options parse(String[] arguments) {
            InetSocketAddress target = new InetSocketAddress(0);
            int longs = 0;
            long interval = 300;
            int size = 256;
            int shortRate = 0;
            long shortLimit = Long.MAX_VALUE;
            int connecting = 64;
            int sources = 0;
            for (String argument : arguments) {
                String value = argument.substring(argument.indexOf('=') + 1);
                switch (argument.substring(0, argument.indexOf('='))) {
                    case "target" -> target = address(value);
                    case "long" -> longs = Integer.parseInt(value);
                    case "interval" -> interval = Long.parseLong(value);
                    case "size" -> size = Integer.parseInt(value);
                    case "short-rate" -> shortRate = Integer.parseInt(value);
                    case "short-limit" -> shortLimit = Long.parseLong(value);
                    case "connecting" -> connecting = Integer.parseInt(value);
                    case "sources" -> sources = Integer.parseInt(value);
                    default -> throw new IllegalArgumentException(argument);
                }
            }
            return new Options(
                    target,
                    longs,
                    TimeUnit.MILLISECONDS.toNanos(interval),
                    size,
                    shortRate,
                    shortLimit,
                    connecting,
                    sources);
        }

        /** The client of a connection. */
        InetSocketAddress source(int number) {
            if (sources == 0) {
                return new InetSocketAddress(0);
            }
            int host = 1 + number % sources;
            return new InetSocketAddress("10.8." + (host >> 8) + "." + (host & 0xff), 0);
        }

        private static InetSocketAddress address(String text) {
            int colon = text.lastIndexOf(':');
            return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        }
    }

    public static void main(String[] arguments) throws IOException {
        TrafficProcess process = new TrafficProcess(Options.parse(arguments), Selector.open());
        Thread.ofPlatform().daemon().start(process::readCommands);
        System.out.println("ready");
        process.run();
    }

    private void readCommands() {
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                commands.add(line);
                selector.wakeup();
            }
        } catch (IOException e) {
            System.err.println(e);
        }
        // The test has gone, or has no more to say.
        Runtime.getRuntime().halt(1);
    }

    private void run() throws IOException {
        long now = System.nanoTime();
        while (!stopping || (isBusy() && now - stopNanos < PATIENCE_NANOS)) {
            selector.select(this::handle, SELECT_MILLIS);
            now = System.nanoTime();
            if (!stopping) {
                openLongs(now);
                openShorts(now);
                sendDue(now);
            }
            giveUpShorts(now);
            for (String command = commands.poll(); command != null; command = commands.poll()) {
                obey(command, now);
            }
        }
        System.out.println(report(System.nanoTime()));
    }

    private String report(long now) {
        Conversation oldest = shorts.peek();
        return counts.report(conversations, oldest == null ? 0 : oldest.waitedNanos(now), now);
    }

    private String ports(String name, Predicate<Conversation> which) {
        return conversations.stream()
                .filter(which)
                .map(conversation -> " " + conversation.localPort())
                .collect(Collectors.joining("", name, ""));
    }

    private void obey(String command, long now) {
        switch (command) {
            case "report" -> System.out.println(report(now));
            case "mark" -> counts.mark();
            case "ports" -> System.out.println(ports("ports", Conversation::isConnected));
            case "broken" -> System.out.println(ports("broken", Conversation::isBroken));
            case "stop" -> {
                stopping = true;
                stopNanos = now;
            }
            default -> System.err.println("unknown command: " + command);
        }
    }

    private boolean isBusy() {
        return !shorts.isEmpty() || conversations.stream().anyMatch(Conversation::isWaiting);
    }

    private void openLongs(long now) throws IOException {
        while (opened < options.longs && counts.connecting() < options.connecting) {
            conversations.add(new Conversation(
                    opened, false, options.size, options.source(opened), options.target, selector, counts, now));
            opened++;
        }
    }

    private void openShorts(long now) throws IOException {
        long due = Math.min(options.shortLimit, (now - startNanos) * options.shortRate / TimeUnit.SECONDS.toNanos(1));
        while (shortsOpened < due && counts.connecting() < options.connecting) {
            // Numbers after those of the long ones, so that each has its own part of the pattern.
            int number = (int) (options.longs + shortsOpened++);
            shorts.add(new Conversation(
                    number, true, options.size, options.source(number), options.target, selector, counts, now));
        }
    }

    private void handle(SelectionKey key) {
        Conversation conversation = (Conversation) key.attachment();
        boolean wasWaiting = conversation.isWaiting();
        conversation.onReady(System.nanoTime());
        if (wasWaiting && !conversation.isWaiting() && conversation.isOpen()) {
            idle.add(conversation);
        }
    }

    /**
     * Messages at an even pace, so that at any instant some connections have just sent one: whose turn it is, is who has waited longest. What
     * was not sent while all waited for echoes is not made up for.
     */
    private void sendDue(long now) {
        long stepNanos = options.longs == 0 ? 0 : options.intervalNanos / options.longs;
        nextRoundNanos = Math.max(nextRoundNanos, now - MOST_BEHIND_NANOS);
        for (Conversation next = idle.peek();
                next != null && now - nextRoundNanos >= 0 && now - next.roundEndNanos() >= options.intervalNanos / 2;
                next = idle.peek()) {
            idle.remove();
            next.startRound(now);
            nextRoundNanos += stepNanos;
        }
    }

    private void giveUpShorts(long now) {
        for (Conversation first = shorts.peek();
                first != null && (!first.isOpen() || first.giveUp(now, PATIENCE_NANOS));
                first = shorts.peek()) {
            shorts.remove();
        }
    }
}
