//! The words that say how bad it is.
//!
//! Phrases are in the folded form: lower case, no hyphens. They are whole words; plurals are written out. A phrase
//! is here if security news uses it for one thing only: `exploited` alone is not, since most advisories say that a
//! flaw *can be exploited*.

use Effect::{Adds, Leaves};

/// Words that tell how severe the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cue {
    /// Its name, for reasons.
    pub name: &'static str,
    /// What it does to the points.
    pub effect: Effect,
    /// The phrases, each in the folded form, with a semicolon between them.
    words: &'static str,
}

/// What a cue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Adds so many points.
    Adds(i32),
    /// Leaves so many percent of the points.
    Leaves(i32),
}

impl Cue {
    /// The words that are looked for, each phrase in the folded form.
    pub fn phrases(&self) -> impl Iterator<Item = &'static str> {
        self.words.split("; ")
    }
}

const fn cue(name: &'static str, effect: Effect, words: &'static str) -> Cue {
    Cue { name, effect, words }
}

/// Every cue. CVSS scores and CVEs that are known to be exploited add points besides.
pub const CUES: &[Cue] = &[
    cue(
        "exploited in the wild",
        Adds(40),
        "exploited in the wild; exploited in attacks; exploited in the field; actively exploited; actively \
         exploiting; actively exploit; active exploitation; actively being exploited; being actively \
         exploited; in the wild exploitation; exploitation in the wild; exploits in the wild; exploiting in \
         the wild; under active attack; under active exploitation; being exploited by; exploitation detected; \
         exploitation has been observed; exploitation attempts observed; exploited as a zero day; exploited \
         since; hackers exploit; hackers are exploiting; hackers exploiting; attackers exploit; attackers are \
         exploiting; attackers exploiting; attackers exploited; threat actors exploit; threat actors are \
         exploiting; threat actors exploiting; threat actors exploited; observed exploiting; exploited: yes; \
         aktiv ausgenutzt",
    ),
    cue(
        "listed as exploited",
        Adds(30),
        "known exploited vulnerabilities; known exploited vulnerability; kev catalog; kev catalogue; kev \
         list; cisa kev; emergency directive; binding operational directive",
    ),
    cue(
        "mass exploitation",
        Adds(25),
        "mass exploitation; mass exploited; widespread exploitation; widely exploited; exploited en masse; \
         wormable; self propagating; self spreading; worm like",
    ),
    cue("zero-day", Adds(25), "zero day; zero days; 0 day; 0 days; 0day; 0days"),
    cue("ransomware", Adds(25), "ransomware; double extortion; triple extortion; ransom demand; ransom note"),
    cue(
        "supply chain",
        Adds(25),
        "supply chain attack; supply chain attacks; supply chain compromise; software supply chain; malicious \
         package; malicious packages; malicious npm; malicious pypi; backdoored package; backdoored version; \
         trojanized; trojanised; poisoned update; compromised update; typosquatting; dependency confusion; \
         hijacked package",
    ),
    cue(
        "destruction",
        Adds(20),
        "wiper; wipers; data wiping; destructive attack; destructive malware; sabotage",
    ),
    cue(
        "no login needed",
        Adds(20),
        "unauthenticated remote code execution; pre auth rce; pre authentication rce; unauthenticated rce; \
         unauthenticated attacker; unauthenticated attackers; authentication bypass; auth bypass; \
         unauthenticated command injection; zero click",
    ),
    cue(
        "code execution",
        Adds(12),
        "remote code execution; rce; arbitrary code execution; execute arbitrary code; command injection; \
         full system compromise; root access; container escape; vm escape; sandbox escape",
    ),
    cue(
        "called critical",
        Adds(15),
        "critical vulnerability; critical vulnerabilities; critical flaw; critical flaws; critical bug; \
         critical bugs; critical severity; maximum severity; max severity; critical rce; critical security; \
         kritische schwachstelle; kritische sicherheitslücke",
    ),
    cue("called high", Adds(6), "high severity; severe vulnerability; severe flaw; severe vulnerabilities"),
    cue(
        "campaign",
        Adds(18),
        "active campaign; ongoing campaign; ongoing attack; ongoing attacks; ongoing exploitation; attack \
         campaign; espionage campaign; campaign targeting; campaign targets; malware campaign; widespread \
         campaign; large scale attack; large scale campaign; wave of attacks; phishing campaign",
    ),
    cue(
        "urgent patch",
        Adds(15),
        "patch now; patch immediately; update immediately; update now; emergency patch; emergency patches; \
         emergency update; emergency updates; out of band update; out of band patch; emergency fix; urged to \
         patch; urges admins; apply the patch immediately; disconnect immediately",
    ),
    cue(
        "breach",
        Adds(15),
        "data breach; data breaches; stolen data; data stolen; data theft; stole data; exfiltrated data; data \
         exfiltration; leaked data; data leak; hacked; cyberattack; cyberattacks; cyber attack; breached; \
         stolen credentials; credentials stolen",
    ),
    cue(
        "critical infrastructure",
        Adds(12),
        "critical infrastructure; power grid; water utility; water utilities; industrial control systems; \
         operational technology; emergency services",
    ),
    cue(
        "state actor",
        Adds(12),
        "state sponsored; nation state; state backed; advanced persistent threat; espionage; government \
         backed",
    ),
    cue(
        "exploit published",
        Adds(12),
        "proof of concept; poc exploit; public exploit; exploit code; exploit released; exploit available; \
         exploit published; metasploit module; weaponized; weaponised",
    ),
    cue(
        "malware",
        Adds(8),
        "backdoor; backdoors; infostealer; infostealers; info stealer; information stealer; botnet; rootkit; \
         bootkit; remote access trojan; banking trojan; webshell; web shell; command and control; cobalt \
         strike; cryptominer; new malware; malware",
    ),
    cue("privilege escalation", Adds(6), "privilege escalation; elevation of privilege; local privilege"),
    cue(
        "vulnerability",
        Adds(4),
        "vulnerability; vulnerabilities; security flaw; security flaws; security advisory; schwachstelle; \
         sicherheitslücke; cve",
    ),
    cue(
        "invitation",
        Leaves(10),
        "webinar; webinars; register now; save your seat; join us; on demand session; virtual event; call for \
         papers; live demo; free trial; sponsored content; sponsored post; sponsored by; whitepaper; ebook",
    ),
    cue(
        "product news",
        Leaves(30),
        "generally available; general availability; now available; product update; introducing; we are \
         excited to; excited to announce; proud to announce; announces partnership; new partnership; partners \
         with; named a leader; magic quadrant; forrester wave; series a; series b; series c; funding round; \
         to acquire; completes acquisition; customer story; case study; release notes",
    ),
    cue(
        "round-up",
        Leaves(30),
        "round up; roundup; week in review; weekly recap; weekly review; weekly update; this week in; month \
         in review; year in review; in case you missed it; newsletter; news digest; weekly digest; recap; top \
         10; predictions; podcast; episode; lessons from",
    ),
    cue(
        "lesson",
        Leaves(40),
        "tutorial; beginner's guide; beginners guide; step by step; a guide to; the ultimate guide; \
         explained; what is a; what is an; cheat sheet; best practices; walkthrough; write up; writeup; \
         capture the flag; ctf; training course; certification; 101; how to become",
    ),
    cue(
        "looking back",
        Leaves(50),
        "a look back; looking back; years ago; decade ago; retrospective; anniversary; the history of; \
         history of",
    ),
];
