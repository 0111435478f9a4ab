package org.ilbd.daemon.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the cluster key is for: whoever has it takes part, and nobody else. */
class AuthenticationIT {
    private static final int CONNECTIONS = 100;
    private static final String PORT = "7440";
    private static final String OLD_KEY = "00112233445566778899aabbccddeeff";
    private static final String NEW_KEY = "ffeeddccbbaa99887766554433221100";

    /** What an ILB with another key causes. */
    private static final List<String> UNSIGNED = List.of("peer_unknown_key", "peer_bad_mac");

    @RegisterExtension
    final Lab lab = new Lab();

    @Test
    void aClusterWithAKeyWorksAndChangesItWithoutABreak() {
        lab.up("--servers", "2");
        lab.startServers(2, 80);
        Path keys = keyFile("cluster.key", OLD_KEY);
        List<Ilb> ilbs = Stream.of(1, 2, 3)
                .map(number -> Ilb.start(lab, number, configuration(number, keys)))
                .toList();
        ilbs.forEach(Ilb::awaitReady);
        lab.awaitView(ilbs, 3);
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=" + CONNECTIONS, "short-rate=100");
        traffic.awaitOpen(CONNECTIONS);

        for (String file : List.of(OLD_KEY + "\n" + NEW_KEY, NEW_KEY + "\n" + OLD_KEY, NEW_KEY)) {
            write(keys, file);
            for (Ilb ilb : ilbs) {
                int reloads = ilb.reloads();
                ilb.signal("HUP");
                await().atMost(Lab.PATIENCE).until(() -> ilb.reloads() > reloads);
                traffic.awaitRounds(1);
            }
        }
        lab.ecmp(List.of("ilb3", "ilb1"));
        traffic.awaitRounds(2);
        assertThat(ilbs).allSatisfy(ilb -> {
            Scrape scrape = ilb.scrape();
            assertThat(scrape.value("ilbd_view_size")).isEqualTo(3);
            assertThat(scrape.value("ilbd_received_forwarded_total")).isPositive();
            for (String reason : UNSIGNED) {
                assertThat(refused(ilb, reason)).as(reason).isZero();
            }
            assertThat(ilb.child().errors()).doesNotContain("is dead");
        });

        ilbs.get(2).child().kill();
        lab.ecmp(List.of("ilb2", "ilb1"));
        lab.awaitView(ilbs.subList(0, 2), 2);
        Ilb again = Ilb.start(lab, 3, configuration(3, keys));
        again.awaitReady();
        lab.awaitView(List.of(ilbs.get(0), ilbs.get(1), again), 3);
        assertThat(Hole.established(again)).as("handed to the newcomer").isPositive();
        lab.ecmp(List.of("ilb3"));
        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed") + last.get("short-failed"))
                .as(last.line())
                .isZero();
    }

    @Test
    void anIlbWithAnotherKeyIsNoMember() {
        lab.up("--servers", "2");
        lab.startServers(2, 80);
        lab.ecmp(List.of("ilb1", "ilb2"));
        Path keys = keyFile("cluster.key", OLD_KEY);
        List<Ilb> members = Stream.of(1, 2)
                .map(number -> Ilb.start(lab, number, configuration(number, keys)))
                .toList();
        members.forEach(Ilb::awaitReady);
        lab.awaitView(members, 2);
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=" + CONNECTIONS, "short-rate=100");
        traffic.awaitOpen(CONNECTIONS);

        Ilb stranger = Ilb.start(lab, 3, configuration(3, keyFile("other.key", NEW_KEY)));
        stranger.awaitReady();
        List<Ilb> all = List.of(members.get(0), members.get(1), stranger);

        await().atMost(Lab.PATIENCE)
                .untilAsserted(() -> assertThat(all)
                        .allSatisfy(ilb -> assertThat(ilb.child().errors())
                                .contains("not signed with this ILB's cluster key", "ilb.cluster.key-file")));
        traffic.awaitRounds(2);
        assertThat(all).allSatisfy(ilb -> {
            assertThat(refused(ilb, "peer_unknown_key")).isPositive();
        });
        lab.awaitView(members, 2);
        lab.awaitView(List.of(stranger), 1);
        Scrape scrape = stranger.scrape();
        assertThat(scrape.sum("ilbd_peers")).isZero();
        assertThat(scrape.value("ilbd_peer_messages_total")).isZero();
        assertThat(scrape.value("ilbd_received_forwarded_total")).isZero();
        assertThat(scrape.value("ilbd_connections")).isZero();
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed") + last.get("short-failed"))
                .as(last.line())
                .isZero();
    }

    @Test
    void whatIsReplayedOrForgedIsRefusedAndCounted() {
        lab.up("--ilbs", "2", "--servers", "2");
        lab.startServers(2, 80);
        Path keys = keyFile("cluster.key", OLD_KEY);
        Ilb target = Ilb.start(lab, 1, configuration(1, keys));
        Ilb other = Ilb.start(lab, 2, configuration(2, keys));
        List<Ilb> ilbs = List.of(target, other);
        ilbs.forEach(Ilb::awaitReady);
        lab.awaitView(ilbs, 2);
        Traffic traffic = lab.startTraffic("target=10.9.0.1:80", "long=" + CONNECTIONS);
        traffic.awaitOpen(CONNECTIONS);
        assertThat(target.scrape().value("ilbd_peer_messages_total")).isPositive();

        byte[] message = capture();
        send("datagram", "client", message);
        awaitRefused(target, "peer_replay", 1);
        send("datagram", "client", changed(message, message.length - 1), changed(message, 24));
        awaitRefused(target, "peer_bad_mac", 2);
        send("datagram", "client", changed(message, 2));
        awaitRefused(target, "peer_unknown_key", 1);
        send("datagram", "client", Arrays.copyOf(message, 8), new byte[0], new byte[1400]);
        awaitRefused(target, "peer_malformed", 3);
        // On a stream from the host of a peer; from elsewhere it is not even read.
        send("stream", "ilb2", changed(message, message.length - 1));
        awaitRefused(target, "peer_bad_mac", 3);
        send("stream", "client", message);
        await().atMost(Lab.PATIENCE).until(() -> target.child().errors().contains("10.1.0.2 is no peer"));

        other.child().kill();
        lab.awaitView(List.of(target), 1);
        Ilb again = Ilb.start(lab, 2, configuration(2, keys));
        again.awaitReady();
        lab.awaitView(List.of(target, again), 2);
        send("datagram", "client", message);
        awaitRefused(target, "peer_stale", 1);

        traffic.awaitRounds(2);
        Traffic.Report last = traffic.stop();
        assertThat(last.get("failed")).as(last.line()).isZero();
        assertThat(refused(target, "peer_replay")).isEqualTo(1);
        assertThat(refused(target, "peer_bad_mac")).isEqualTo(3);
    }

    /** A datagram of ILB 2 to ILB 1. */
    private byte[] capture() {
        Path file = lab.directory().resolve("capture");
        lab.run(
                "ilb1",
                "tcpdump",
                "-Z",
                "root",
                "-i",
                "eth0",
                "-Q",
                "in",
                "-c",
                "1",
                "-w",
                file.toString(),
                "udp and src host 10.2.0.12 and dst port " + PORT);
        try {
            byte[] all = Files.readAllBytes(file);
            // The headers of the file and of the packet in it (pcap-savefile(5)), Ethernet, IPv4 and UDP.
            return Arrays.copyOfRange(all, 24 + 16 + 14 + 20 + 8, all.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] changed(byte[] message, int at) {
        byte[] copy = message.clone();
        copy[at] ^= 1;
        return copy;
    }

    private void send(String kind, String host, byte[]... messages) {
        String[] arguments = Stream.concat(
                        Stream.of(kind, "10.2.0.11", PORT), Stream.of(messages).map(HexFormat.of()::formatHex))
                .toArray(String[]::new);
        lab.run(host, Lab.java(DatagramProcess.class, arguments).toArray(String[]::new));
    }

    private static void awaitRefused(Ilb ilb, String reason, long count) {
        await().atMost(Lab.PATIENCE)
                .untilAsserted(() -> assertThat(refused(ilb, reason)).as(reason).isEqualTo(count));
    }

    private static long refused(Ilb ilb, String reason) {
        return ilb.scrape().value("ilbd_drops_total", "reason=\"" + reason + "\"");
    }

    private String configuration(int ilb, Path keys) {
        return lab.configuration(
                ilb, "--scheduler", "round-robin", "--key-file", keys.toString(), "--set", Lab.PATIENT);
    }

    private Path keyFile(String name, String text) {
        Path file = lab.directory().resolve(name);
        write(file, text);
        return file;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
