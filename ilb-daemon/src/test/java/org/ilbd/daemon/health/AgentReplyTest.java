package org.ilbd.daemon.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.ilbd.core.engine.Administration;
import org.ilbd.core.engine.ServerReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentReplyTest {
    /** A line of an agent, what is understood of it, and the words that are not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "75%                           | 75%                   |",
                "0%                            | 0%                    |",
                "256%                          | 256%                  |",
                "000000000075%                 | 75%                   |",
                "99999999999999999999%         | 256%                  |",
                "up                            | up                    |",
                "UP                            | up                    |",
                "down                          | down                  |",
                "fail                          | down                  |",
                "failed                        | down                  |",
                "stopped                       | down                  |",
                "ready                         | ready                 |",
                "Drain                         | drain                 |",
                "maint                         | maint                 |",
                "maxconn:30                    | maxconn:30            |",
                "MAXCONN:30                    | maxconn:30            |",
                "maxconn:99999999999           | maxconn:2147483647    |",
                "load:250                      | load:250              |",
                "load:5000                     | load:1000             |",
                "ready up 75% maxconn:30       | ready up 75% maxconn:30 |",
                "up,ready,,75%                 | ready up 75%          |",
                "'  75%,  up  '                | up 75%                |",
                // The last of a kind counts.
                "up down                       | down                  |",
                "drain ready                   | ready                 |",
                "10% 20%                       | 20%                   |",
                "10% 2x%                       | ''                    | 2x%",
                // A description needs a sharp where a word would begin.
                "down # no database            | down # no database    |",
                "down #no,database #2          | down # no,database #2 |",
                "# only a description          | # only a description  |",
                "down#reason                   | ''                    | down#reason",
                // Rubbish, also in the middle of what is understood.
                "hello                         | ''                    | hello",
                "hello 75% world up            | up 75%                | hello world",
                "75                            | ''                    | 75",
                "%                             | ''                    | %",
                "-5%                           | ''                    | -5%",
                "7.5%                          | ''                    | 7.5%",
                "75%%                          | ''                    | 75%%",
                "75%x                          | ''                    | 75%x",
                "maxconn:                      | ''                    | maxconn:",
                "maxconn: 30                   | ''                    | maxconn: 30",
                "maxconn:-1                    | ''                    | maxconn:-1",
                "maxconn:3x                    | ''                    | maxconn:3x",
                "load:                         | ''                    | load:",
                "upp                           | ''                    | upp",
                "up;ready                      | ''                    | up;ready",
            })
    void isUnderstoodAsHaproxyDoes(String line, String understood, String rubbish) {
        AgentReply reply = AgentReply.parse(line);

        assertThat(reply).hasToString(understood == null ? "" : understood);
        assertThat(reply.rubbish()).isEqualTo(rubbish == null ? List.of() : List.of(rubbish.split(" ")));
    }

    @Test
    void tabsSeparateWords() {
        assertThat(AgentReply.parse("\tup\t75%\t")).hasToString("up 75%");
    }

    @Test
    void nothingIsEmptyAndRubbishIsNot() {
        assertThat(AgentReply.parse("").isEmpty()).isTrue();
        assertThat(AgentReply.parse(" ,\t,").isEmpty()).isTrue();
        assertThat(AgentReply.parse("# text").isEmpty()).isTrue();
        assertThat(AgentReply.parse("hello").isEmpty()).isFalse();
        assertThat(AgentReply.parse("0%").isEmpty()).isFalse();
    }

    @Test
    void reportSaysWhatTheAgentSaidAndNoMore() {
        assertThat(AgentReply.parse("stopped maint 20% maxconn:5 load:900").toReport())
                .isEqualTo(new ServerReport(
                        ServerReport.Source.AGENT,
                        Optional.of(false),
                        Optional.of(Administration.MAINTENANCE),
                        OptionalInt.of(20),
                        OptionalInt.of(5),
                        OptionalInt.of(900)));
        assertThat(AgentReply.parse("rubbish").toReport())
                .isEqualTo(new ServerReport(
                        ServerReport.Source.AGENT,
                        Optional.empty(),
                        Optional.empty(),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalInt.empty()));
    }
}
