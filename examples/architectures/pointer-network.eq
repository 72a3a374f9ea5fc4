# A pointer network: what it says is which of its inputs comes next, for one sequence
# Vinyals, Fortunato and Jaitly (2015), Pointer networks
x[1..4]: 2 x 1 input
p[1..2]: 2 x 1 input
Y[1..2]: 1 x 4
W: 3 x 2
U: 3 x 3
W_d: 3 x 2
U_d: 3 x 3
W1, W2: 5 x 3
v: 1 x 5
h[0] = zeros(3, 1)
repeat t = 1..4:
    h[t] = tanh(W @ x[t] + U @ h[t-1])
H = hstack(h[1], h[2], h[3], h[4])
s[0] = h[4]
L[0] = zeros(1, 1)
repeat i = 1..2:
    s[i] = tanh(W_d @ p[i] + U_d @ s[i-1])
    u[i] = v @ tanh(W1 @ H + W2 @ s[i])
    L[i] = L[i-1] - sum(Y[i] * log_softmax(u[i], axis=1))
loss = L[2]
