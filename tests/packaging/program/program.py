# SPDX-License-Identifier: Apache-2.0
"""A script of somebody else, who has installed the package: does what program.c does."""
import sys

import czmodel

model, metadata = czmodel.ModelSpec.from_json(sys.argv[1])
metadata = metadata._replace(model_id='00000000-0000-4000-8000-000000000000')
czmodel.convert_from_model_spec(czmodel.ModelSpec(model, metadata), sys.argv[2], 'made')
print(czmodel.__version__)
