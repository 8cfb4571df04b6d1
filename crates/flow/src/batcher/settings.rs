//! When a batch is due, and how much may wait.

use std::time::Duration;

/// The triggers and bounds of a batcher. Presets for four situations; change single fields with `..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSettings {
    /// A batch is due at so many entries, and holds no more; at least 1.
    pub size: usize,
    /// A batch is due when its first entry has waited so long; `None` turns the timer off, for bulk imports.
    pub age: Option<Duration>,
    /// A batch is due at so many bytes, and holds no more unless its first entry alone does.
    pub bytes: usize,
    /// Entries that may be queued or in the sink's hands; at least `size`. Then pushers wait.
    pub capacity: usize,
    /// Bytes that may be. An entry larger than all of it counts as all of it.
    pub capacity_bytes: usize,
    /// How long nothing is handed on after the sink has given entries back.
    pub pause: Duration,
}

impl BatchSettings {
    /// 10 entries or 300 s.
    pub const fn standard() -> Self {
        Self::of(10, 300)
    }

    /// 20 entries or 180 s.
    pub const fn high_volume() -> Self {
        Self::of(20, 180)
    }

    /// 5 entries or 60 s.
    pub const fn low_latency() -> Self {
        Self::of(5, 60)
    }

    /// 3 entries or 10 s.
    pub const fn development() -> Self {
        Self::of(3, 10)
    }

    const fn of(size: usize, seconds: u64) -> Self {
        Self {
            size,
            age: Some(Duration::from_secs(seconds)),
            bytes: 1 << 20,
            capacity: 10_000,
            capacity_bytes: 64 << 20,
            pause: Duration::from_secs(1),
        }
    }

    /// The same with all bounds in reach of each other.
    pub(super) fn sane(self) -> Self {
        // A semaphore holds no more than this, and takes 32 bits at a time.
        let most = tokio::sync::Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let size = self.size.clamp(1, most);
        let capacity_bytes = self.capacity_bytes.clamp(1, most);
        Self {
            size,
            // Full before it is due would be stuck.
            bytes: self.bytes.clamp(1, capacity_bytes),
            capacity: self.capacity.clamp(size, most),
            capacity_bytes,
            ..self
        }
    }
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self::standard()
    }
}
