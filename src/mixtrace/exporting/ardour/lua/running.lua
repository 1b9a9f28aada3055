-- What runs each processor: reads its knobs, delays nothing, hands over two channels and a key.
-- The processor itself defines prepare (k), process (left, right, n, key_left, key_right), which
-- changes both channels in place, and, where it looks ahead, latency (k) in samples.

local rate = 48000
local seen = nil
local k = nil

function dsp_ioconfig ()
  return { { audio_in = KEYED and 4 or 2, audio_out = 2 } }
end

local function refresh ()
  local ctrl = CtrlPorts:array ()
  local same = seen ~= nil
  for i = 1, KNOBS do same = same and seen[i] == ctrl[i] end
  if not same then
    seen = {}
    for i = 1, KNOBS do seen[i] = ctrl[i] end
    k = knobs (seen)
    k.rate = rate
    prepare (k)
  end
end

function dsp_init (sample_rate)
  rate = sample_rate
end

function dsp_latency ()
  refresh ()
  return latency and latency (k) or 0
end

function dsp_run (ins, outs, n)
  refresh ()
  local left, right = ins[1]:get_table (n), ins[2]:get_table (n)
  if KEYED then
    process (left, right, n, ins[3]:get_table (n), ins[4]:get_table (n))
  else
    process (left, right, n, left, right)
  end
  outs[1]:set_table (left, n)
  outs[2]:set_table (right, n)
end
