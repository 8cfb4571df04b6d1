"""What is wrong with the compose files and with the fleet's parts for Kubernetes, one thing a line; nothing if all is well.

Not a validator of either format: it finds names that lead nowhere, ports that are open to everybody, images without a version,
containers that may do more than they need, and passwords in files.
"""

import pathlib
import re
import sys
import tomllib

import yaml

DEPLOY = pathlib.Path(__file__).resolve().parent.parent / "deploy"
OURS = {"watchfire", "watchfire:latest"}
failures = []


def wrong(where, what):
    failures.append(f"{where}: {what}")


def address(where, key, value):
    if str(value).startswith("postgres://") and "sslmode=" not in str(value):
        wrong(where, f"{key} does not say whether the connection is encrypted")


def names(value):
    """What a list or a mapping of compose names."""
    return list(value or [])


def compose(path):
    document = yaml.safe_load(path.read_text())
    services = document.get("services", {})
    used = set()
    for name, service in services.items():
        where = f"{path.relative_to(DEPLOY)}: {name}"
        image = service.get("image", "")
        if image not in OURS and not re.search(r":v?\d[\w.\-]*$", image):
            wrong(where, f"image {image!r} has no version")
        if "mem_limit" not in service:
            wrong(where, "has no bound on its memory")
        if image in OURS and not (service.get("read_only") and service.get("cap_drop") == ["ALL"]):
            wrong(where, "may write its own files, or has capabilities")
        for port in service.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                wrong(where, f"port {port} is open to other machines")
        for other in names(service.get("depends_on")):
            if other not in services:
                wrong(where, f"depends on {other!r}, which is not there")
        for kind in ("secrets", "configs"):
            for told in service.get(kind, []):
                source = told if isinstance(told, str) else told.get("source")
                if source not in document.get(kind, {}):
                    wrong(where, f"{kind}: {source!r} is not there")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (path.parent / source).exists():
                    wrong(where, f"volume {source!r} is not there")
            elif source not in document.get("volumes", {}):
                wrong(where, f"volume {source!r} is not there")
            used.add(source)
        for key, value in (service.get("environment") or {}).items():
            address(where, key, value)
            if re.search(r"PASSWORD|SECRET|KEY$", key) and value and not str(value).startswith("${"):
                wrong(where, f"{key} stands in the file")
            if re.search(r"://[^/@\s]*:(?!\$\{)[^@\s]+@", str(value)):
                wrong(where, f"{key} has a password in it")
    for volume in document.get("volumes", {}):
        if volume not in used:
            wrong(path.relative_to(DEPLOY), f"volume {volume!r} is nobody's")


def kubernetes(folder):
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    generated = {told["name"] for told in kustomization.get("configMapGenerator", [])}
    for told in kustomization.get("configMapGenerator", []):
        for file in told["files"]:
            if not (folder / file).is_file():
                wrong("fleet/kustomization.yaml", f"{file!r} is not there")
    secrets = set()
    for file in sorted((folder / "kubernetes").glob("secret.example.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            secrets.add(document["metadata"]["name"])
            for key, value in document["stringData"].items():
                address(f"fleet/kubernetes/{file.name}", key, value)
    labels = []
    selectors = []
    for resource in kustomization["resources"]:
        for document in yaml.safe_load_all((folder / resource).read_text()):
            where = f"fleet/{resource}: {document['kind']} {document['metadata']['name']}"
            spec = document["spec"]
            selector = spec.get("selector", {}).get("matchLabels", {})
            if document["kind"] == "PodDisruptionBudget":
                selectors.append((where, selector))
                continue
            pod = spec["template"]
            labels.append(pod["metadata"]["labels"])
            if not selector.items() <= pod["metadata"]["labels"].items():
                wrong(where, "its selector does not fit its pods")
            pod = pod["spec"]
            if pod.get("automountServiceAccountToken") is not False:
                wrong(where, "gets a token of the cluster, which it has no use for")
            volumes = {volume["name"] for volume in pod.get("volumes", [])}
            for volume in pod.get("volumes", []):
                source = volume.get("configMap", {}).get("name")
                if source and source not in generated:
                    wrong(where, f"config map {source!r} is not there")
            for container in pod.get("initContainers", []) + pod["containers"]:
                inside = f"{where}, {container['name']}"
                if "memory" not in container.get("resources", {}).get("limits", {}):
                    wrong(inside, "has no bound on its memory")
                confined = container.get("securityContext", {})
                if not (confined.get("readOnlyRootFilesystem") and confined.get("allowPrivilegeEscalation") is False):
                    wrong(inside, "may do more than it needs")
                for mount in container.get("volumeMounts", []):
                    if mount["name"] not in volumes:
                        wrong(inside, f"mounts {mount['name']!r}, which is not there")
                for source in container.get("envFrom", []):
                    if source["secretRef"]["name"] not in secrets:
                        wrong(inside, f"secret {source['secretRef']['name']!r} has no example")
    for where, selector in selectors:
        if not any(selector.items() <= told.items() for told in labels):
            wrong(where, "is about pods that are not there")


def main():
    for path in sorted(DEPLOY.rglob("compose.yml")):
        compose(path)
    fleet = DEPLOY / "fleet"
    if fleet.is_dir():
        kubernetes(fleet)
        for path in sorted(fleet.glob("*.toml")):
            try:
                tomllib.loads(path.read_text())
            except tomllib.TOMLDecodeError as error:
                wrong(path.relative_to(DEPLOY), str(error))
    print("\n".join(failures), end="")
    return 1 if failures else 0


sys.exit(main())
