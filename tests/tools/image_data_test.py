# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Images as they are in the world: links to nothing, sizes and colours that are not the network's, sound files that are not read.

    image_data_test.py PROGRAM
"""

import json
import unittest
import zlib

import numpy as np

from program import OFFLINE, ProgramTest, png, run

NETWORK = {"input": [1, 8, 8], "classes": 3,
           "layers": [{"conv2d": {"out": 4, "kernel": 3}}, "relu", {"variance_dense": {"out": 3}}]}  # fmt: skip


class ImageData(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment = {"PATH": "/usr/bin:/bin", "VARPHASE_CACHE": str(self.folder / "cache"), "OMP_NUM_THREADS": "1"}
        random = np.random.default_rng(1)
        self.set = self.folder / "set"
        for part in ("train", "test"):
            for name in "abc":
                (self.set / part / name).mkdir(parents=True)
                for i in range(4):
                    png(self.set / part / name / f"{i}.png", random.integers(0, 256, (8, 8)))
        (self.folder / "network.json").write_text(json.dumps(NETWORK))

    def varphase(self, *arguments):
        return run(*arguments, env=self.environment)

    def described(self, *arguments):
        done = self.varphase("data", *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def trained(self, *more):
        done = self.varphase("train", "--network", self.folder / "network.json", "--epochs", 1, "--batch-size", 4,
                             "--run", self.folder / "run", *OFFLINE, *more)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / "run"

    def refused(self, *words, arguments, code=3):
        return self.fails(code, *words, arguments=arguments, env=self.environment)

    def test_links_to_nothing(self):
        whole = self.described(self.set)
        (self.set / "train/a/README.md").symlink_to("/nowhere/notes")
        (self.set / "train/LICENSE.txt").symlink_to("/nowhere/licence")
        self.assertEqual(self.described(self.set)["digest"], whole["digest"])
        link = self.set / "train/a/0.jpg"
        link.symlink_to("/nowhere/key")
        around = self.set / "test/b/around.PNG"
        around.symlink_to("around.PNG")
        for _ in range(2):  # the second time with what the first may have kept
            self.refused("train/a/0.jpg", "/nowhere/key", "test/b/around.PNG", "2 of 26", "--skip-damaged", arguments=["data", self.set])
            skipped = self.described(self.set, "--skip-damaged")
            self.assertEqual(skipped["digest"], whole["digest"])
            self.assertIn("2 of 26 images are not readable", skipped["notes"][0])
            self.assertIn("train/a/0.jpg", skipped["notes"][0])
        around.unlink()
        link.unlink()
        link.symlink_to(self.set / "train/a/1.png")  # it is there again, and is read
        self.assertEqual(self.described(self.set)["parts"]["train"]["images"], 13)
        # A class that vanishes would move the labels of the others.
        link.unlink()
        for part in ("train", "test"):
            (self.set / part / "aardvark").symlink_to("/nowhere/aardvark")
        self.refused("train/aardvark", "/nowhere/aardvark", arguments=["data", self.set, "--skip-damaged"])

    def test_predict_names_links_to_nothing(self):
        run_folder = self.trained("--data", self.set)
        photos = self.folder / "photos"
        (photos / "deep").mkdir(parents=True)
        for name in ("1.png", "deep/3.png"):
            png(photos / name, np.zeros((8, 8)))
        (photos / "notes").symlink_to("/nowhere/notes")
        out = self.folder / "p.csv"
        predict = ["predict", run_folder, photos, "--out", out, "--samples", 2, *OFFLINE]
        self.assertEqual(self.varphase(*predict).returncode, 0)
        (photos / "deep/2.png").symlink_to("/nowhere/key")
        predict.append("--overwrite")
        self.refused("deep/2.png", "/nowhere/key", "--skip-damaged", arguments=predict)
        done = self.varphase(*predict, "--skip-damaged", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["predicted"], 2)
        self.assertEqual(len(json.loads(done.stdout)["left_out"]), 1)
        self.assertIn("deep/2.png", done.stderr)
        self.assertEqual(len(out.read_text().splitlines()), 3)

    def test_colours_of_a_palette(self):
        draw = np.random.default_rng(3)

        def chunk(kind, data):
            return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

        def file(kind, depth, rows, palette=b""):
            parts = [chunk(b"IHDR", (8).to_bytes(4, "big") * 2 + bytes([depth, kind, 0, 0, 0]))]
            parts += [chunk(b"PLTE", palette)] if palette else []
            parts += [chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), chunk(b"IEND", b"")]
            return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

        def digest(name, images, code=0):
            for number, image in enumerate(images):
                for part in ("train", "test"):
                    folder = self.folder / name / part / f"class{number % 2}"
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / f"{number}.png").write_bytes(image)
            done = self.varphase("data", self.folder / name, "--json")
            self.assertEqual(done.returncode, code, done.stderr)
            return json.loads(done.stdout)["digest"] if code == 0 else done.stderr

        indexed, plain = [], []
        for depth in (1, 2, 4, 8):
            count = min(2**depth, 200)
            palette = draw.integers(0, 256, (count, 3)).astype(np.uint8)
            pixels = draw.integers(0, count, (8, 8))
            bits = [((pixels[:, :, None] >> np.arange(depth)[::-1]) & 1).reshape(8, -1)]
            indexed.append(file(3, depth, [row.tobytes() for row in np.packbits(bits[0].astype(np.uint8), axis=1)], palette.tobytes()))
            plain.append(file(2, 8, [row.tobytes() for row in palette[pixels]]))
        self.assertEqual(digest("indexed", indexed), digest("plain", plain))
        # A pixel that no colour belongs to is damage, not black.
        wrong = np.full((8, 8), 3, np.uint8)
        wrong[5, 2] = 4
        said = digest("wrong", [file(3, 8, [row.tobytes() for row in wrong], bytes(12)), indexed[3]], code=3)
        self.assertIn("palette", said)

    def test_sound_files_of_another_kind_are_not_called_damaged(self):
        (self.set / "train/a/4.png").write_bytes(b"GIF89a" + bytes(50))
        done = self.refused("1 of 25 images is unsupported: train/a/4.png (is a GIF file", "--skip-damaged",
                            arguments=["data", self.set])  # fmt: skip
        self.assertNotIn("is damaged", done.stderr)
        (self.set / "train/a/5.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
        done = self.refused("1 of 26 images is damaged: train/a/5.png", "1 of 26 images is unsupported: train/a/4.png",
                            arguments=["data", self.set])  # fmt: skip
        self.assertEqual(self.described(self.set, "--skip-damaged")["parts"]["train"]["images"], 12)
        run_folder = self.trained("--data", self.set, "--skip-damaged", "true")
        done = self.refused("4.png: unsupported: is a GIF file",
                            arguments=["predict", run_folder, self.set / "train/a", "--out", "-", *OFFLINE])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
