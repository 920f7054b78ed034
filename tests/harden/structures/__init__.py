# SPDX-License-Identifier: Apache-2.0
"""Structures made to cost much: each module has those of one kind of file."""
