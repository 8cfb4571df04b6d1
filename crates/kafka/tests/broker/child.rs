//! A worker in a process of its own, to be killed or held up: this program, told by its environment to run one test only.

use crate::broker::of;
use crate::worker::Worker;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use watchfire_flow::Watermark;
use watchfire_kafka::{Edge, Event, KafkaSettings, Message, Output, PutError};

const ROLE: &str = "WATCHFIRE_KAFKA_TEST_ROLE";

/// What a child does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Works until it is killed, and says `puts` before each output.
    Works,
    /// Says `ready` with some records at hand, waits for a line, tries to put them out, and says what became of it.
    Hesitates,
}

/// A worker in a process of its own. Killed when it is dropped.
pub struct Process {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub fn start(settings: &KafkaSettings, role: Role) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child::plays_its_role_where_it_is_one", "--exact", "--nocapture"])
            .env(ROLE, if role == Role::Works { "works" } else { "hesitates" })
            .env("WATCHFIRE_KAFKA_TEST_GROUP", &settings.group)
            .env("WATCHFIRE_KAFKA_TEST_INSTANCE", &settings.instance)
            .env("WATCHFIRE_KAFKA_TEST_ALERTS", &settings.intake[0])
            .env("WATCHFIRE_KAFKA_TEST_VERDICTS", &settings.verdicts)
            .env("WATCHFIRE_KAFKA_TEST_DEAD", &settings.dead)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, lines }
    }

    /// Its next line that begins with this word. Blocks.
    pub fn line(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.next().expect("the child goes on").unwrap();
            // The test's own name may stand before it.
            if let Some(at) = line.find(word) {
                return line[at..].to_owned();
            }
        }
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn plays_its_role_where_it_is_one() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let variable = |name: &str| std::env::var(format!("WATCHFIRE_KAFKA_{name}")).unwrap();
    let mut settings = of(
        variable("BROKERS"),
        &variable("TEST_GROUP"),
        &variable("TEST_ALERTS"),
        &variable("TEST_VERDICTS"),
        &variable("TEST_DEAD"),
    );
    settings.instance = variable("TEST_INSTANCE");
    if role == "works" {
        let mut worker = Worker::start(&settings).await;
        worker.before_put = || println!("puts");
        worker.run().await;
    }
    hesitate(settings).await;
}

async fn hesitate(settings: KafkaSettings) {
    let (edge, mut events) = Edge::connect(settings).await.unwrap();
    let mut output = Output::default();
    while output.verdicts.is_empty() {
        let Event::Records(records) = events.recv().await.unwrap() else { continue };
        let mut progress = Watermark::new(records[0].offset, "");
        for record in &records {
            assert!(progress.begin(record.offset));
            progress.done(&[record.offset]);
            output.verdicts.push(Message {
                key: None,
                value: [b"verdict on ", record.value.as_slice()].concat(),
                source: (record.partition.clone(), record.offset),
            });
        }
        let (offset, metadata) = progress.text(&[]).unwrap();
        output.offsets.push((records[0].partition.clone(), offset, metadata));
    }
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    loop {
        match edge.put_out(output.clone()).await {
            Err(PutError::Withdrawn(_)) => {}
            became => {
                println!("became {became:?}");
                return;
            }
        }
    }
}
