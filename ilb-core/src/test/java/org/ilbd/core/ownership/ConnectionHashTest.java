package org.ilbd.core.ownership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.ilbd.core.packet.Endpoint;
import org.ilbd.core.packet.FourTuple;
import org.ilbd.core.packet.IpAddress;
import org.junit.jupiter.api.Test;

class ConnectionHashTest {
    private static final int RUNS = 20_000;

    private final FourTuple tuple = new FourTuple();

    @Test
    void isTheCrcOfTheEncodedTuple() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < RUNS; i++) {
            Connections.random(tuple, (i & 1) == 0, random);
            assertThat(ConnectionHash.of(tuple)).as("seed %d, %s", seed, tuple).isEqualTo((int)
                    ReferenceRanking.crc(new byte[0], tuple));
        }
    }

    @Test
    void everyComponentAtItsExtremesCounts() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            long all = ipv6 ? -1 : 0xFFFF_FFFFL;
            long high = ipv6 ? -1 : 0;
            List<FourTuple> tuples = List.of(
                    new FourTuple().set(ipv6, 0, 0, 0, 0, 0, 0),
                    new FourTuple().set(ipv6, high, all, 0, 0, 0, 0),
                    new FourTuple().set(ipv6, 0, 0, 65_535, 0, 0, 0),
                    new FourTuple().set(ipv6, 0, 0, 0, high, all, 0),
                    new FourTuple().set(ipv6, 0, 0, 0, 0, 0, 65_535),
                    new FourTuple().set(ipv6, high, all, 65_535, high, all, 65_535));
            for (FourTuple extreme : tuples) {
                assertThat(ConnectionHash.of(extreme)).as(extreme.toString()).isEqualTo((int)
                        ReferenceRanking.crc(new byte[0], extreme));
            }
        }
    }

    @Test
    void crcOfIdAndTupleIsTheShiftedCrcOfTheIdXorTheHashOfTheTuple() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < RUNS; i++) {
            IlbId id = switch (i % 3) {
                case 0 -> IlbId.ofIndex(random.nextInt());
                case 1 -> IlbId.of(IpAddress.ofIpv4(random.nextInt()));
                default -> IlbId.of(new IpAddress(true, random.nextLong(), random.nextLong()));
            };
            Connections.random(tuple, (i & 1) == 0, random);
            assertThat(ConnectionHash.shift(id.tag(), tuple.lengthBytes()) ^ ConnectionHash.of(tuple))
                    .as("seed %d, %s, %s", seed, id, tuple)
                    .isEqualTo((int) ReferenceRanking.crc(id.bytes(), tuple));
        }
    }

    @Test
    void frozenVectors() {
        tuple.set(Endpoint.parse("10.1.0.2:43210"), Endpoint.parse("10.9.0.1:80"));
        assertThat(ConnectionHash.of(tuple)).isEqualTo(0xc806beeb);
        tuple.set(Endpoint.parse("[2001:db8::2]:43210"), Endpoint.parse("[2001:db8:9::1]:443"));
        assertThat(ConnectionHash.of(tuple)).isEqualTo(0xc3bb8497);
    }
}
