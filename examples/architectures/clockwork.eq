# A clockwork network: a fast module at every step, a slow one at every second
# Koutník, Greff, Gomez and Schmidhuber (2014), A clockwork RNN
X[1..3], Z[1..3]: 3 x m input
Y: 2 x m
W_f, W_s: 4 x 3
U_ff, U_fs, U_ss: 4 x 4
V: 2 x 8
f[0] = zeros(4, m)
s[0] = zeros(4, m)
repeat k = 1..3:
    e[k] = tanh(W_f @ Z[k] + U_ff @ f[k-1] + U_fs @ s[k-1])
    f[k] = tanh(W_f @ X[k] + U_ff @ e[k] + U_fs @ s[k-1])
    s[k] = tanh(W_s @ X[k] + U_ss @ s[k-1])
loss = mse(V @ vstack(f[3], s[3]), Y)
