# A mixture of experts, softly gated
# Jacobs, Jordan, Nowlan and Hinton (1991), Adaptive mixtures of local experts
X: 3 x m
Y: 2 x m
W[1..3]: 2 x 3
V: 3 x 3
P = softmax(V @ X)
L[0] = zeros(1, m)
repeat k = 1..3:
    L[k] = L[k-1] + P[k-1] * exp(-sum((Y - W[k] @ X)**2, axis=0) / 2)
loss = -mean(log(L[3]))
