use super::PriceTable;
use crate::{Tier, Usage};

fn input(tokens: u64) -> Usage {
    Usage { input: tokens, ..Usage::default() }
}

/// Nanodollars for a million tokens of input: dollars per million × 10⁹.
fn per_million(table: &PriceTable, provider: &str, model: &str) -> Option<u64> {
    table.cost(provider, model, Tier::Standard, &input(1_000_000))
}

#[test]
fn a_cost_is_exact_over_all_parts() {
    let own = r#"
        [gemini."m"]
        input = "0.30"
        cached_input = 0.075
        cache_write = 1
        output = "2.5"
        batch_percent = 50
    "#;
    let table = PriceTable::with(Some(own)).unwrap();
    let usage =
        Usage { input: 1_000_000, cached_input: 2_000_000, cache_write: 1_000_000, output: 3, thinking: 1 };
    let cost = |tier| table.cost("gemini", "m-2026", tier, &usage);
    assert_eq!(cost(Tier::Standard), Some(300_000_000 + 150_000_000 + 1_000_000_000 + 10_000));
    assert_eq!(cost(Tier::Batch), Some(725_005_000));
    assert_eq!(cost(Tier::Flex), cost(Tier::Standard), "a tier that there isn't is billed as always");
}

#[test]
fn a_call_is_rounded_once_and_half_up() {
    let table = PriceTable::with(Some("[p.m]\ninput = 0.0375\noutput = 0.0004")).unwrap();
    let cost = |usage| table.cost("p", "m", Tier::Standard, &usage);
    assert_eq!(cost(input(1)), Some(38), "37.5 nanodollars");
    assert_eq!(cost(input(2)), Some(75));
    let both = Usage { input: 1, output: 1, ..Usage::default() };
    assert_eq!(cost(both), Some(38), "37.9, and not 38 + 0");
    assert_eq!(cost(Usage::default()), Some(0));
}

#[test]
fn ten_thousand_calls_sum_up_to_the_cent() {
    let table = PriceTable::shipped();
    let usage = Usage { input: 1422, output: 31, thinking: 187, ..Usage::default() };
    let one = table.cost("gemini", "gemini-2.5-flash", Tier::Flex, &usage).unwrap();
    // (1422 × $0.30 + 218 × $2.50) / 10⁶ / 2 = $0.0004858
    assert_eq!(one, 485_800);
    assert_eq!(one * 10_000, 4_858_000_000);
}

#[test]
fn an_unknown_model_has_no_price_and_never_one_of_nothing() {
    let table = PriceTable::shipped();
    for (provider, model) in [
        ("gemini", "gemini-9-flash"),
        ("gemini", ""),
        ("openai", "gpt-5-ultra"),
        ("openai", "gpt-5.9"),
        ("openai", "gpt-50"),
        ("anthropic", "claude-opus-4-9"),
        ("nobody", "gemini-2.5-flash"),
        ("generic", "gpt-5"),
    ] {
        assert_eq!(per_million(&table, provider, model), None, "{provider} {model}");
    }
}

#[test]
fn a_name_stands_for_its_versions_and_the_longest_counts() {
    let table = PriceTable::shipped();
    for (provider, model, nano) in [
        ("gemini", "gemini-2.5-flash", 300_000_000),
        ("gemini", "models/gemini-2.5-flash", 300_000_000),
        ("gemini", "gemini-2.5-flash-lite", 100_000_000),
        ("gemini", "gemini-2.5-flash-lite-preview-09-2025", 100_000_000),
        ("gemini", "gemini-2.5-pro", 2_500_000_000), // a million tokens are a long prompt
        ("openai", "gpt-4o-mini-2024-07-18", 150_000_000),
        ("openai", "gpt-5-2025-08-07", 1_250_000_000),
        ("openai", "gpt-5-mini-2025-08-07", 250_000_000),
        ("openai", "gpt-5-pro", 15_000_000_000),
        ("anthropic", "claude-haiku-4-5-20251001", 1_000_000_000),
        ("anthropic", "claude-sonnet-4-20250514", 3_000_000_000),
        ("anthropic", "claude-opus-4-20250514", 15_000_000_000),
        ("anthropic", "claude-opus-4-5", 5_000_000_000),
        ("moonshot", "kimi-k2-0905-preview", 600_000_000),
        ("moonshot", "kimi-k2-thinking-turbo", 1_150_000_000),
        ("ollama", "qwen3:8b", 0),
    ] {
        assert_eq!(per_million(&table, provider, model), Some(nano), "{provider} {model}");
    }
}

#[test]
fn a_long_prompt_costs_more_for_the_whole_call() {
    let table = PriceTable::shipped();
    let cost = |input, cached_input| {
        let usage = Usage { input, cached_input, output: 1000, ..Usage::default() };
        table.cost("gemini", "gemini-2.5-pro", Tier::Standard, &usage)
    };
    assert_eq!(cost(200_000, 0), Some(200_000 * 1_250 + 1000 * 10_000));
    assert_eq!(cost(100_000, 100_001), Some(100_000 * 2_500 + 100_001 * 250 + 1000 * 15_000));
}

#[test]
fn a_table_of_ones_own_replaces_and_adds() {
    let own = r#"
        looked_up = "2030-01-01"
        [openai."gpt-5"]
        input = "9"
        output = "9"
        [generic."llama*"]
        input = 0.5
        output = 0.5
    "#;
    let table = PriceTable::with(Some(own)).unwrap();
    assert_eq!(per_million(&table, "openai", "gpt-5"), Some(9_000_000_000));
    assert_eq!(per_million(&table, "openai", "gpt-5-mini"), Some(250_000_000), "others stay");
    assert_eq!(per_million(&table, "generic", "llama-3.3-70b"), Some(500_000_000));
    let cached = Usage { cached_input: 1_000_000, ..Usage::default() };
    let cost = table.cost("openai", "gpt-5", Tier::Standard, &cached);
    assert_eq!(cost, Some(9_000_000_000), "an entry is replaced as a whole");
    assert_eq!(table.looked_up(), "2026-11-21", "the date of the shipped prices");
}

#[test]
fn what_is_no_price_is_told_with_its_line() {
    for price in [
        "\"free\"",
        "\"-1\"",
        "-1",
        "\"1e3\"",
        "1e30",
        "nan",
        "\"0.0000001\"",
        "0.0000001",
        "\"\"",
        "true",
        "\"٣\"",
    ] {
        let own = format!("[gemini.\"m\"]\noutput = \"1\"\ninput = {price}");
        let error = PriceTable::with(Some(&own)).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{price}: {error}");
    }
    for wrong in [
        "[gemini.m]\ninput = 1",
        "[gemini.m]\ninput = 1\noutput = 1\noutputs = 2",
        "[gemini.m]\ninput = 1\noutput = 1\nflex_percent = 4294967295",
        "gemini = 5",
        "[",
    ] {
        assert!(PriceTable::with(Some(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn absurd_counts_do_not_overflow() {
    let own = "[p.m]\ninput = 999999.999999\noutput = 999999.999999\nflex_percent = 1000";
    let table = PriceTable::with(Some(own)).unwrap();
    let most = u64::MAX;
    let usage = Usage { input: most, cached_input: most, cache_write: most, output: most, thinking: most };
    assert_eq!(table.cost("p", "m", Tier::Flex, &usage), None);
}
