//! Packs the program's relocations, where whatever loads it can unpack them.
//!
//! A program that may lie anywhere in memory has a table of the addresses to be set right when it starts: here 1.2 MB, all of
//! which is read, and stays in memory for as long as the program runs. Packed (`DT_RELR`, generic ABI of ELF) it is some tens of
//! kilobytes. glibc reads it from 2.36 on; on older ones, and where that can't be told, the table is as it always was. A linker that
//! knows nothing of the option says so and goes on.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let here = variable("HOST") == variable("TARGET");
    if here && variable("TARGET").ends_with("-linux-gnu") && glibc().is_some_and(|version| version >= (2, 36))
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the system's C library, such as 2.36.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
