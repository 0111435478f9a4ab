package org.ilbd.core.ownership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.ilbd.core.testing.AllocatedBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ViewTest {
    private static final int RUNS = 200;
    private static final int CONNECTIONS = 50;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);
    private final FourTuple tuple = new FourTuple();

    @Test
    void membersAreSortedByIdInWhateverOrderTheyCome() {
        View view = view("10.2.0.13", "10.2.0.9", "7", "10.2.0.11");
        assertThat(view.size()).isEqualTo(4);
        assertThat(view.members()).hasToString("[7, 10.2.0.9, 10.2.0.11, 10.2.0.13]");
        assertThat(view.member(1)).isEqualTo(IlbId.parse("10.2.0.9"));
        assertThat(view).hasToString("[7, 10.2.0.9, 10.2.0.11, 10.2.0.13]");
    }

    @Test
    void aMemberIsFoundAtItsPositionAndAStrangerNowhere() {
        View view = view("10.2.0.13", "10.2.0.9");
        assertThat(view.indexOf(IlbId.parse("10.2.0.9"))).isZero();
        assertThat(view.indexOf(IlbId.parse("10.2.0.13"))).isEqualTo(1);
        for (String stranger : List.of("1.1.1.1", "10.2.0.10", "::1")) {
            assertThat(view.indexOf(IlbId.parse(stranger))).isEqualTo(View.NONE);
        }
    }

    @Test
    void anIdTwiceIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> view("10.2.0.9", "10.2.0.9"))
                .withMessageContaining("10.2.0.9");
    }

    @ParameterizedTest
    @EnumSource
    void anEmptyViewHasNeitherOwnerNorBackupAndASingleMemberNoBackup(OwnershipMode mode) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            Connections.successive(tuple, ipv6, 1);
            long none = new View(mode, 1, List.of()).rank(tuple);
            assertThat(View.owner(none)).isEqualTo(View.NONE);
            assertThat(View.backup(none)).isEqualTo(View.NONE);
            long single = new View(mode, 1, List.of(IlbId.ofIndex(5))).rank(tuple);
            assertThat(View.owner(single)).isZero();
            assertThat(View.backup(single)).isEqualTo(View.NONE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void ranksAsTheDefinitionSays(OwnershipMode mode) {
        for (int run = 0; run < RUNS; run++) {
            List<IlbId> members = randomMembers(2 + random.nextInt(30));
            long clusterSeed = random.nextLong();
            View view = new View(mode, clusterSeed, members);
            for (int i = 0; i < CONNECTIONS; i++) {
                Connections.random(tuple, (i & 1) == 0, random);
                long rank = view.rank(tuple);
                List<IlbId> expected = ReferenceRanking.rank(mode, clusterSeed, members, tuple);
                assertThat(List.of(view.member(View.owner(rank)), view.member(View.backup(rank))))
                        .as("seed %d, %s, %s", seed, members, tuple)
                        .isEqualTo(expected.subList(0, 2));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMemberThatGoesMovesItsOwnConnectionsOnlyEachToItsBackup(OwnershipMode mode) {
        for (int run = 0; run < RUNS; run++) {
            List<IlbId> members = randomMembers(2 + random.nextInt(15));
            View before = new View(mode, run, members);
            IlbId gone = members.get(random.nextInt(members.size()));
            View after = new View(
                    mode, run, members.stream().filter(id -> !id.equals(gone)).toList());
            for (int i = 0; i < CONNECTIONS; i++) {
                Connections.random(tuple, (i & 1) == 0, random);
                long rank = before.rank(tuple);
                IlbId owner = before.member(View.owner(rank));
                IlbId backup = before.member(View.backup(rank));
                assertThat(after.member(View.owner(after.rank(tuple))))
                        .as("seed %d: %s goes from %s; %s", seed, gone, members, tuple)
                        .isEqualTo(owner.equals(gone) ? backup : owner);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aMemberThatComesTakesConnectionsAndNobodyElseDoes(OwnershipMode mode) {
        int taken = 0;
        for (int run = 0; run < RUNS; run++) {
            List<IlbId> members = randomMembers(2 + random.nextInt(15));
            View after = new View(mode, run, members);
            IlbId newcomer = members.get(random.nextInt(members.size()));
            View before = new View(
                    mode,
                    run,
                    members.stream().filter(id -> !id.equals(newcomer)).toList());
            for (int i = 0; i < CONNECTIONS; i++) {
                Connections.random(tuple, (i & 1) == 0, random);
                IlbId owner = after.member(View.owner(after.rank(tuple)));
                if (owner.equals(newcomer)) {
                    taken++;
                } else {
                    assertThat(owner)
                            .as("seed %d: %s comes to %s; %s", seed, newcomer, members, tuple)
                            .isEqualTo(before.member(View.owner(before.rank(tuple))));
                }
            }
        }
        assertThat(taken).as("seed %d", seed).isPositive();
    }

    @Test
    void equalScoresAreOrderedById() {
        // The same four bytes, so the same CRC: in the raw mode every connection is a tie.
        View view = new View(OwnershipMode.CRC32, 0, List.of(IlbId.parse("10.2.0.11"), IlbId.ofIndex(0x0A02000B)));
        for (int i = 0; i < CONNECTIONS; i++) {
            long rank = view.rank(Connections.random(tuple, (i & 1) == 0, random));
            assertThat(View.owner(rank)).isZero();
            assertThat(View.backup(rank)).isEqualTo(1);
        }
    }

    @Test
    void theSeedChangesTheMixedRankingAndNotTheRawOne() {
        List<IlbId> members = randomMembers(8);
        int changed = 0;
        for (int i = 0; i < CONNECTIONS; i++) {
            Connections.random(tuple, (i & 1) == 0, random);
            assertThat(new View(OwnershipMode.CRC32, 1, members).rank(tuple))
                    .isEqualTo(new View(OwnershipMode.CRC32, 2, members).rank(tuple));
            if (new View(OwnershipMode.CRC32_MIXED, 1, members).rank(tuple)
                    != new View(OwnershipMode.CRC32_MIXED, 2, members).rank(tuple)) {
                changed++;
            }
        }
        assertThat(changed).as("seed %d", seed).isGreaterThan(CONNECTIONS / 2);
    }

    @ParameterizedTest
    @EnumSource
    void rankingAllocatesNothing(OwnershipMode mode) {
        View view = new View(mode, 1, randomMembers(8));
        FourTuple ipv4 = Connections.random(new FourTuple(), false, random);
        FourTuple ipv6 = Connections.random(new FourTuple(), true, random);
        long[] sum = {0};
        assertThat(AllocatedBytes.of(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        sum[0] += view.rank(ipv4) + view.rank(ipv6);
                    }
                }))
                .isZero();
    }

    @Test
    void modesGoByTheirNamesInTheConfiguration() {
        for (OwnershipMode mode : OwnershipMode.values()) {
            assertThat(OwnershipMode.parse(mode.configName())).isEqualTo(mode);
        }
        assertThat(OwnershipMode.parse("crc32-mixed")).isEqualTo(OwnershipMode.CRC32_MIXED);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OwnershipMode.parse("CRC32"))
                .withMessage("'CRC32' is not an ownership mode (crc32, crc32-mixed)");
    }

    private static View view(String... ids) {
        List<IlbId> members = new ArrayList<>();
        for (String id : ids) {
            members.add(IlbId.parse(id));
        }
        return new View(OwnershipMode.CRC32_MIXED, 0, members);
    }

    private List<IlbId> randomMembers(int size) {
        return random.ints(size * 2L)
                .mapToObj(value -> switch (value & 3) {
                    case 0 -> IlbId.ofIndex(value >>> 20);
                    case 1 -> IlbId.of(new IpAddress(true, random.nextLong(), random.nextLong()));
                    default -> IlbId.of(IpAddress.ofIpv4(value));
                })
                .distinct()
                .limit(size)
                .toList();
    }
}
