"""The run: load, compare bits, try every method, and keep what was found after each of them."""

from __future__ import annotations

import base64
import gc
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hitmark.drawing.pictures import annotated
from hitmark.errors import HitmarkError
from hitmark.files import write_text
from hitmark.media.video import write_video
from hitmark.run.acting import Acting
from hitmark.run.make import OnStep
from hitmark.run.outputs import Outputs
from hitmark.run.peak_memory import PeakMemory
from hitmark.run.record import this_machine
from hitmark.run.result import Result
from hitmark.verify.evidence import Entry, Evidence
from hitmark.verify.page import page
from hitmark.verify.silent import Silent
from hitmark.verify.trial import Trial, figures_of

PAGE, TABLE = "verify.html", "verify.json"
SIDE = 320
"""Of a clip on the page, at most, in pixels."""

Load = Callable[[], Any]
Progress = Callable[[str], OnStep | None]
"""Of the name of a clip, what is told its steps."""


@dataclass
class Verification:
    """One run.

    Attributes:
        evidence: what is filled in.
        trial: what all clips have in common.
        methods: to be tried, with the refusals that are known before anything is loaded.
        folder: gets PAGE, TABLE and the clips.
        files: the folder of the model's files, for the clips' records; None: they are not on this machine.
        load: loads the pipeline.
        tell: called with every finished entry.
        progress: see `Progress`.
    """

    evidence: Evidence
    trial: Trial
    methods: Sequence[Acting]
    folder: Path
    files: Path | None
    load: Load
    tell: Callable[[Entry], None] = lambda _entry: None
    progress: Progress = lambda _name: None
    _pipe: Any = field(default=None, init=False)
    _told: set[str] = field(default_factory=set, init=False)  # notes that stand with an earlier clip
    _plain: Any = field(default=None, init=False)  # final latents of the clip without a method

    def run(self) -> Evidence:
        """Everything, in order. What fails is told and the rest goes on; only without a pipeline nothing can."""
        checks, methods = self.evidence.checks, self.evidence.methods
        if self._entry(checks, "loads", self._loads).state != "passed":
            return self._finish()
        self._entry(checks, "changes no bit where nothing acts", self._bits)
        self._entry(methods, "none", lambda entry: self._clip(entry, "none"))
        for acting in self.methods:
            if acting.refusal is None:
                self._entry(methods, acting.method, lambda entry, name=acting.method: self._clip(entry, name))
            else:
                self._keep(methods, Entry(acting.method, "cannot act", acting.refusal))
        self._entry(checks, "is as before afterwards", self._restored)
        return self._finish()

    def _finish(self) -> Evidence:
        self.evidence.finished = True
        self._save()
        return self.evidence

    def _entry(self, entries: list[Entry], name: str, action: Callable[[Entry], str]) -> Entry:
        """Run one part; whatever it raises becomes its result, and what came before it is kept."""
        entry = Entry(name, "passed", "")
        started = time.perf_counter()
        try:
            entry.what = action(entry)
        except HitmarkError as error:
            entry.state, entry.what = "failed", str(error)
        except Exception as error:  # of a library, or a mistake of ours: the other methods are still to be tried
            entry.state, entry.what = "failed", _told(error)
        except BaseException:
            entry.state, entry.what = "stopped", "stopped by hand before it was done"
            self._keep(entries, entry)
            raise
        entry.seconds = entry.seconds or time.perf_counter() - started
        self._keep(entries, entry)
        _free_memory()
        return entry

    def _keep(self, entries: list[Entry], entry: Entry) -> None:
        entries.append(entry)
        self._save()
        self.tell(entry)

    def _save(self) -> None:
        write_text(self.folder / TABLE, self.evidence.as_json())
        write_text(self.folder / PAGE, page(self.evidence))

    def _loads(self, entry: Entry) -> str:
        with PeakMemory("cpu") as memory:
            self._pipe = self.load()
        entry.seconds, entry.peak_memory = memory.seconds, memory.peak
        device = torch.device(getattr(self._pipe, "_execution_device", self._pipe.device))
        self.evidence.machine = this_machine(torch.get_num_threads(), _name(device)).model_dump()
        weights = sum(part.numel() for part in _weights(self._pipe))
        self.evidence.settings |= {"device": str(device), "dtype": str(_dtype(self._pipe))}
        return f"{type(self._pipe).__name__}, {weights / 1e9:.2f} G weights, {_dtype(self._pipe)} on {device}"

    def _bits(self, entry: Entry) -> str:
        """Two clips without any control, and one with a control in every layer that hands on what it is given."""
        plain, again = self.trial.short(self._pipe), self.trial.short(self._pipe)
        if not torch.equal(plain, again):
            raise HitmarkError(
                f"two clips of one seed without any control differ by up to {_apart(plain, again)}: this device or a "
                "setting (a cache, a compiler, a kernel that is not deterministic) is not reproducible, so that it "
                "cannot be told whether controls change a bit. Try torch.use_deterministic_algorithms(True), or "
                "--device cpu."
            )
        watched = self.trial.short(self._pipe, [Silent()])
        if not torch.equal(plain, watched):
            raise HitmarkError(
                f"with controls that hand on what they are given the clip differs by up to {_apart(plain, watched)}. "
                "Expected not a bit. Send this page in."
            )
        return "in every attention layer, in latents and clean estimates; two clips of one seed are the same, too"

    def _restored(self, entry: Entry) -> str:
        """The clip without a method, after all others."""
        again, before = self.trial.clip(self._pipe, "none", self.progress("none, again")), self._plain
        if before is None:
            raise HitmarkError("there is no clip from before the methods to compare with")
        if not torch.equal(again.latents, before):
            raise HitmarkError(
                f"the clip without a method is another one than before: it differs by up to "
                f"{_apart(again.latents, before)}. Expected that methods leave nothing behind. Send this page in."
            )
        return "after all methods the clip without one is the same, bit for bit"

    def _clip(self, entry: Entry, method: str) -> str:
        """A clip, its figures and its files."""
        result = self.trial.clip(self._pipe, method, self.progress(method))
        entry.seconds, entry.peak_memory = result.seconds, result.peak_memory
        entry.knobs = dict(result.scene.method.knobs)
        if method == "none":
            self._plain = result.latents
        entry.figures, unknown = figures_of(result)
        sentences = [*(note for note in result.notes if note not in self._told), *([unknown] if unknown else [])]
        self._told |= set(result.notes)
        try:
            self._write(entry, method, result)
        except (HitmarkError, OSError, RuntimeError, ValueError) as error:  # the figures are worth more than the film
            sentences.append(f"its files could not be written: {error}")
        return ". ".join(sentence.rstrip(".") for sentence in sentences)

    def _write(self, entry: Entry, method: str, result: Result) -> None:
        outputs = Outputs(self.folder / f"{file_name(method)}.mp4", from_picture=result.picture is not None)
        outputs.save(result, self.files)
        entry.files = [path.name for path in outputs.all() if path.exists()]
        with tempfile.TemporaryDirectory() as place:
            film = Path(place) / "clip.webp"
            write_video(annotated(result.frames, result.tracks, side=SIDE), film, result.scene.fps or 7)
            entry.clip = f"data:image/webp;base64,{base64.b64encode(film.read_bytes()).decode()}"


def file_name(method: str) -> str:
    """Of the clip of a method, without its end: letters, digits and few signs."""
    return "".join(sign if sign.isalnum() or sign in "+-._=" else "-" for sign in method)


def _told(error: Exception) -> str:
    """An error of another program, with the place where it came up."""
    places = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(places[-1].filename).name}, line {places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}{where}"


def _apart(one: torch.Tensor, other: torch.Tensor) -> str:
    """The largest difference, in standard deviations."""
    return f"{float((one - other).abs().max() / one.std().clamp(min=1e-12)):.2g} standard deviations"


def _weights(pipe: Any) -> list[torch.nn.Parameter]:
    modules = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    return [weight for module in modules for weight in module.parameters()]


def _dtype(pipe: Any) -> str:
    from hitmark.backbones import backbone_for

    return str(backbone_for(pipe).network.dtype).removeprefix("torch.")


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _free_memory() -> None:
    """What a clip has left behind, so that the next one has the memory that the first had."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
