"""``replay``: one training again, from its id alone."""

from __future__ import annotations

from ftproofs.cli.output import check_json_target, deliver, line, show, to_stdout
from ftproofs.cli.settings import read_device
from ftproofs.ids import decode
from ftproofs.report import tables


def replay(text: str, *, device: str, allow_version: bool, target: str | None) -> int:
    """Retrain the setting and print its measurements with their bounds, every digit shown."""
    check_json_target(target)
    read_device(device)
    known = decode(text)  # a mistyped id fails before torch is loaded
    from ftproofs.run.replay import replay as retrain

    row = retrain(text, device=device, allow_version=allow_version)
    readings = [(name, float(row.values[name][0]), float(row.bounds[name][0])) for name in row.values]
    document = {
        "format": 1,
        "id": text.strip(),
        "experiment": known.setting.experiment,
        "setting": known.setting.parameters,
        "root": known.setting.root,
        "stage": known.setting.stage,
        "index": known.setting.index,
        "engine": known.engine,
        "method": known.method,
        "batch": known.batch,
        "device": row.device,
        "dtype": known.dtype,
        "code": known.code,
        "status": row.status[0],
        "flags": list(row.flags),
        "measurements": {name: {"value": value, "bound": bound} for name, value, bound in readings},
        "info": {name: float(array[0]) for name, array in row.info.items()},
        "seconds": round(row.seconds, 3),
    }
    if not to_stdout(target):
        values = ", ".join(f"{name} = {value!r}" for name, value in known.setting.values)
        line(f"{known.setting.experiment}: {values}")
        line(f"engine {known.engine} (method {known.method}), batch {known.batch}, {row.device}: {row.status[0]}")
        show(tables.readings(readings))
    deliver(document, target)
    return 0
