# A gated graph network: nodes send messages and are gated recurrent units, nodes as columns
# Li, Tarlow, Brockschmidt and Zemel (2016), Gated graph sequence neural networks
A: 5 x 5 constant
X: 3 x 5 input
Y: 3 x 5
W, W_z, W_r, W_h: 3 x 3
U_z, U_r, U_h: 3 x 3
H[0] = X
repeat t = 1..3:
    M[t] = W @ H[t-1] @ A
    Z[t] = sigmoid(W_z @ M[t] + U_z @ H[t-1])
    R[t] = sigmoid(W_r @ M[t] + U_r @ H[t-1])
    C[t] = tanh(W_h @ M[t] + U_h @ (R[t] * H[t-1]))
    H[t] = (1 - Z[t]) * H[t-1] + Z[t] * C[t]
loss = sum((H[3] - Y)**2) / 2
