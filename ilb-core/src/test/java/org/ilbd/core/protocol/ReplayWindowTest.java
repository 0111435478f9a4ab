package org.ilbd.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.OK;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.REPLAY;
import static org.ilbd.core.protocol.MessageAuthenticator.Verdict.STALE;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReplayWindowTest {
    private final ReplayWindow window = new ReplayWindow();

    @Test
    void eachCounterCountsOnce() {
        for (long counter = 1; counter < 20_000; counter++) {
            assertThat(window.accept(counter)).isEqualTo(OK);
            assertThat(window.accept(counter)).isEqualTo(REPLAY);
        }
    }

    @Test
    void aLateOneIsTakenUpToTheSizeOfTheWindow() {
        long highest = 1_000_000;
        window.accept(highest);

        assertThat(window.accept(highest - ReplayWindow.SIZE + 1)).isEqualTo(OK);
        assertThat(window.accept(highest - ReplayWindow.SIZE + 1)).isEqualTo(REPLAY);
        assertThat(window.accept(highest - ReplayWindow.SIZE)).isEqualTo(STALE);
        assertThat(window.accept(1)).isEqualTo(STALE);
    }

    @Test
    void jumpsAheadByAnyAmount() {
        assertThat(window.accept(1)).isEqualTo(OK);
        assertThat(window.accept(Long.MAX_VALUE)).isEqualTo(OK);
        assertThat(window.accept(Long.MAX_VALUE)).isEqualTo(REPLAY);
        assertThat(window.accept(Long.MAX_VALUE - 1)).isEqualTo(OK);
        assertThat(window.accept(1)).isEqualTo(STALE);
    }

    @Test
    void agreesWithAnEndlessMemory() {
        long seed = System.nanoTime();
        System.out.println("ReplayWindowTest seed " + seed);
        Random random = new Random(seed);
        Set<Long> seen = new HashSet<>();
        long highest = 0;
        for (int i = 0; i < 200_000; i++) {
            int reach = random.nextInt(10) == 0 ? 3 * ReplayWindow.SIZE : 200;
            long counter = Math.max(1, highest + random.nextInt(2 * reach) - reach);
            boolean stale = highest - counter >= ReplayWindow.SIZE;
            highest = Math.max(highest, counter);
            MessageAuthenticator.Verdict expected = stale ? STALE : seen.add(counter) ? OK : REPLAY;
            assertThat(window.accept(counter)).isEqualTo(expected);
        }
    }
}
