# Fast weights written by the delta rule, for one sequence
# Schlag, Irie and Schmidhuber (2021), Linear transformers are secretly fast weight programmers
x[1..3]: 4 x 1 input
Y: 3 x 1
W_Q, W_K: 2 x 4
W_V: 3 x 4
w: 1 x 4
S[0] = zeros(3, 2)
repeat t = 1..3:
    k[t] = softmax(W_K @ x[t])
    b[t] = sigmoid(w @ x[t])
    S[t] = S[t-1] + b[t] * (W_V @ x[t] - S[t-1] @ k[t]) @ k[t].T
o = S[3] @ softmax(W_Q @ x[3])
loss = sum((o - Y)**2) / 2
