# SPDX-License-Identifier: Apache-2.0
"""The rules for every CZModel: docs/formats/czmodel.md, line by line."""
import io
import os
import re
import shutil
import struct
import subprocess
import tempfile
import xml.etree.ElementTree
import zipfile

BEGINNING = b"<?xml version='1.0' encoding='utf-8'?>\n<Model Version=\"3.0.0\">"
UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
LOCAL_HEADER = struct.Struct('<4sHHHHHIIIHH')
EARLIEST = (1980, 1, 1, 0, 0, 0)


def archive_faults(content, name, date):
    """Faults of one archive: stored members, complete local headers, one date, no gaps."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.testzip():
            yield f'{name}: the checksum of {archive.testzip()} is wrong'
        at = 0
        for member in archive.infolist():
            head = LOCAL_HEADER.unpack_from(content, at)
            magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size = head
            if (magic, method) != (b'PK\3\4', 0) or member.compress_type:
                yield f'{name}: {member.filename} is not stored where the one before it ends'
            if flags & 8 or (crc, packed, size) != (member.CRC, member.file_size, member.file_size):
                yield f'{name}: the local header of {member.filename} is incomplete'
            if member.date_time != date:
                yield f'{name}: {member.filename} is dated {member.date_time}'
            if member.is_dir() or member.filename.startswith('/') or '\\' in member.filename:
                yield f'{name}: {member.filename} is no file with a relative name'
            at += LOCAL_HEADER.size + name_size + extra_size + size


def xml_faults(xml_bytes, model_id):
    if not xml_bytes.startswith(BEGINNING):
        yield 'the XML does not begin as it should'
    if xml_bytes.count(b'\n') != 1 or xml_bytes.endswith(b'\n'):
        yield 'the XML has another number of lines than two'
    root = xml.etree.ElementTree.fromstring(xml_bytes)
    tags = ['Id', 'ModelName', 'Status', 'FeatureExtractor', 'Postprocessing', 'ColorHandling',
            'Channels', 'TrainingClasses', 'BorderSize']
    if [child.tag for child in root] != tags or root.find('Id').text != model_id:
        yield 'the XML has other elements than it should, or another id'
    colours = [tuple(item.get(key) for key in ('colR', 'colG', 'colB'))
               for item in root.find('TrainingClasses')]
    if len(set(colours)) != len(colours):
        yield 'a class colour repeats'


def tool_faults(path, xml_bytes):
    """What other programs say, where they are installed."""
    if shutil.which('unzip'):
        done = subprocess.run(['unzip', '-tqq', path], capture_output=True, check=False)
        if done.returncode:
            yield f'unzip -t: {done.stdout.decode()}{done.stderr.decode()}'
    if shutil.which('xmllint'):
        done = subprocess.run(['xmllint', '--noout', '-'], input=xml_bytes, capture_output=True,
                              check=False)
        if done.returncode:
            yield f'xmllint: {done.stderr.decode()}'


def faults(path, date=EARLIEST):
    with open(path, 'rb') as file:
        content = file.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    model_id = names[0][:-4]
    if not re.fullmatch(UUID, model_id):
        yield f'{model_id} is not a UUID of version 4 or 8'
    frame = [f'{model_id}.xml', f'{model_id}.model', f'modelid={model_id}']
    if names[:2] + names[-1:] != frame or len(names) > 4:
        yield f'the members are {names}'
        return
    if contents[names[-1]]:
        yield 'the member modelid is not empty'
    yield from archive_faults(content, 'container', date)
    yield from archive_faults(contents[names[1]], 'network', date)
    yield from xml_faults(contents[names[0]], model_id)
    yield from tool_faults(path, contents[names[0]])
    with tempfile.TemporaryDirectory() as folder:
        inner = os.path.join(folder, 'model.zip')
        with open(inner, 'wb') as file:
            file.write(contents[names[1]])
        yield from tool_faults(inner, contents[names[0]])
