# Layers with weights of their own, repeated, and their losses added from the last to the first
# m = 4
X: 5 x m
Y: 5 x m
W[1..4]: 5 x 5
H[0] = X
repeat l = 1..4:
    H[l] = H[l-1] + tanh(W[l] @ H[l-1])
S[5] = zeros(1, 1)
repeat l = 4..1:
    S[l] = S[l+1] + mse(H[l], Y)
loss = S[1]
