#!/bin/bash
# optot.sh TREE DIR -> totals per run
cd /tmp/w/x-wake4; PYTHONPATH=$1 /tmp/venv/bin/python opdet.py $2 1000 400 > opd.$(basename $1).$2.out; grep -E "=====|ready" opd.$(basename $1).$2.out
python3 - opd.$(basename $1).$2.out <<'P'
import sys
sec=None;tr=0;own=0;per=0
for l in open(sys.argv[1]):
    if l.startswith('====='): sec=l.split()[1]; continue
    if sec!='MainThread': continue
    try: n,c,f=l.split(None,2)
    except ValueError: continue
    if 'site-packages' in f or 'attrs gen' in f or 'contextlib' in f or 'abc' in f or 'collections' in f: tr+=float(n)
    elif 'sweeper' in f or 'evict' in f: per+=float(n)
    else: own+=float(n)
print('node thread own %.0f trio etc %.0f periodic %.0f'%(own,tr,per))
P
