// The empty queue: nothing is wrong, and here is how the first alert gets in.
import { el, button } from "./dom.js";
import { announce } from "./announce.js";
import { session } from "./session.js";

const sample = () => `{"timestamp":"${new Date().toISOString()}","event_type":"alert","src_ip":"203.0.113.9","dest_ip":"10.0.0.5","dest_port":22,"proto":"TCP","alert":{"signature_id":2001219,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":2}}`;

function command() {
  const token = session()?.open === false ? " -H 'Authorization: Bearer wf_…'" : "";
  return `curl${token} --data '${sample()}' ${location.origin}/api/v1/alerts`;
}

export function firstSteps() {
  const line = el("code", null, command());
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
      announce("Copied.");
      copy.textContent = "Copied";
    } catch {
      // Without the right to the clipboard the line is selected, to be copied by hand.
      getSelection().selectAllChildren(line);
    }
  });
  return el("div.empty.welcome", null,
    el("h2", null, "The queue is empty"),
    el("p", null, "Nothing waits for a decision. New patterns appear here by themselves, the most urgent first."),
    el("p", null, "To send an alert, paste this into a terminal:"),
    el("pre.command", null, line), copy,
    el("p.note", null, "Suricata, Wazuh, OCSF, ECS, Zeek, Falco, Hayabusa, Chainsaw, GuardDuty, CloudTrail, Alertmanager and CEF are told apart by themselves: send what your sensors write, one record or many, plain or compressed."));
}
